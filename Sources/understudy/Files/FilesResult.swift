import ArgumentParser
import AssetClient
import AssetProtocol

/// What a person and a program are told at the end, and the exit code.
struct FilesResult {
    private let report: FilesReport
    private let intent: FilesIntent
    private let took: Duration

    init(_ report: FilesReport, _ intent: FilesIntent, took: Duration) {
        (self.report, self.intent, self.took) = (report, intent, took)
    }

    /// - Throws: `ExitCode`, unless all is well.
    func show(asJSON: Bool) throws {
        for failure in report.failures { Terminal.note("understudy: \(failure.name): \(failure.reason)") }
        for conflict in report.conflicts { Terminal.note("conflict: \(conflict)") }
        if !report.conflicts.isEmpty { Terminal.note(advice) }
        if let stop = report.stop { Terminal.note("understudy: \(stop)") }
        if asJSON {
            Terminal().line(try ObservationOptions.encode(Document(report)))
        } else {
            Terminal().line(sentence)
        }
        if let status { throw ExitCode(status.rawValue) }
    }

    private var status: ExitStatus? {
        switch report.stop {
        case .locked?, .refused?: .refused
        case .some: .failed
        case nil: report.failures.isEmpty ? report.conflicts.isEmpty ? nil : .refused : .failed
        }
    }

    private var advice: String {
        if case .push = intent {
            return
                "Nothing of these was pushed. Pull the newest elsewhere and merge, or push with --force to replace it."
        }
        return "These were left as they are here. Push yours with --force, or take the server's with pull --force."
    }

    private var sentence: String {
        var parts: [String] = []
        let add = { (count: Int, text: String) in if count > 0 { parts.append("\(count) \(text)") } }
        switch intent {
        case .push: parts.append("\(FilesCount.of(report.pushed.count)) pushed")
        case .pull, .reset: parts.append("\(FilesCount.of(report.pulled.count)) pulled")
        }
        if report.bytes > 0 {
            let seconds = max(took / .seconds(1), 0.001)
            parts[0] += " (\(ByteCount.text(report.bytes)), \(ByteCount.text(Double(report.bytes) / seconds))/s)"
        }
        add(report.fromCache, "of them from this machine's cache")
        add(report.deleted.count, "deleted on the server")
        add(report.removed.count, "removed here")
        add(report.alike, "the same there already")
        add(kept(.current), "unchanged")
        add(kept(.changedHere), "changed here only")
        switch intent {
        case .push:
            add(kept(.newerThere), "newer on the server: pull them")
            add(kept(.removedHere), "removed here stay on the server (--delete deletes them)")
        case .pull, .reset:
            add(kept(.removedHere), "removed here only (reset brings them back)")
            add(kept(.onlyHere), "never pushed")
        }
        add(report.conflicts.count, "in conflict")
        add(report.failures.count, "failed")
        add(report.notDone, "not done")
        add(report.leftOut, "left out: symbolic links and special files")
        return parts.joined(separator: ", ") + "."
    }

    private func kept(_ standing: FileStep.Standing) -> Int { report.kept[standing] ?? 0 }

    private struct Document: Encodable {
        struct Conflict: Encodable {
            var path: StoragePath
            var here: String
            /// The version that the local file comes from, and the server's newest.
            var expected: FileEntry?
            var found: FileEntry?
            var message: String
        }

        struct Failure: Encodable {
            var name: String
            var message: String
        }

        var pushed, pulled, deleted, removed: [StoragePath]
        var fromCache: Int
        var alike: Int
        var kept: Int
        var keptByReason: [String: Int]
        var conflicts: [Conflict]
        var failed: [Failure]
        var notDone: Int
        var leftOut: Int
        var bytes: Int
        /// Why it ended early.
        var reason: String?

        init(_ report: FilesReport) {
            (pushed, pulled, deleted, removed) = (report.pushed, report.pulled, report.deleted, report.removed)
            fromCache = report.fromCache
            alike = report.alike
            kept = report.kept.values.reduce(0, +)
            keptByReason = Dictionary(uniqueKeysWithValues: report.kept.map { ($0.key.rawValue, $0.value) })
            conflicts = report.conflicts.map {
                Conflict(
                    path: $0.path, here: $0.here.rawValue, expected: $0.known, found: $0.newest, message: "\($0)")
            }
            failed = report.failures.map { Failure(name: $0.name, message: $0.reason) }
            notDone = report.notDone
            leftOut = report.leftOut
            bytes = report.bytes
            reason = report.stop.map { "\($0)" }
        }
    }
}
