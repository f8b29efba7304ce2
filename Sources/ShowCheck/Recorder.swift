import Foundation
import MQTTSession
import ShowHistory

/// What is done to the site is written down here; what the programs did and saw is read when they have ended.
actor Recorder {
    nonisolated let clock = RunClock.startingNow
    /// Of what the programs write down.
    nonisolated let folder: String
    private var history = History()
    private var absences: [(readers: [String], span: History.Span)] = []

    /// What is wrong before anything is judged.
    private(set) var violations: [Violation] = []

    init() throws {
        folder = FileManager.default.temporaryDirectory.path() + "understudy-show-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    nonisolated func removeFolder() { try? FileManager.default.removeItem(atPath: folder) }

    nonisolated var now: Elapsed { clock.now }

    func note(kind: String, _ text: String) {
        history.incidents.append(.init(at: now, kind: kind, text: text))
        say(text)
    }

    /// At once, also where the output goes to a file.
    nonisolated func say(_ text: String) {
        print("\(now.inTenths) s: \(text)")
        fflush(nil)
    }

    func note(_ violation: Violation) {
        violations.append(violation)
        say(violation.text)
    }

    func noteCalm(since began: Elapsed) { history.calms.append(.init(began: began, ended: now)) }

    func noteDoubleLoss(since began: Elapsed) { history.doubleLosses.append(.init(began: began, ended: now)) }

    /// These readers may have had no session with any hub.
    func noteAbsence(of readers: [String], since began: Elapsed) {
        absences.append((readers, .init(began: began, ended: now)))
    }

    func note(_ contents: [History.Content]) { history.contents = contents }

    // MARK: - The whole history

    /// - Parameter files: of the programs; those of authors first.
    func history(with files: [String]) throws -> History {
        var assembly = HistoryAssembly(history)
        for file in files { try Self.read(file) { try assembly.add($0) } }
        var history = assembly.history
        for index in history.readers.indices {
            let name = history.readers[index].name
            history.readers[index].absences = absences.filter { $0.readers.contains(name) }.map(\.span)
        }
        return history
    }

    private static let bytesAtOnce = 1024 * 1024

    private static func read(_ path: String, _ take: (HistoryLine) throws -> Void) throws {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw HistoryAssembly.Contradiction(description: "\(path) is not there")
        }
        defer { try? file.close() }
        var rest: ArraySlice<UInt8> = []
        while let bytes = try file.read(upToCount: bytesAtOnce), !bytes.isEmpty {
            rest = ArraySlice(Array(rest) + bytes)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                guard let line = HistoryLine(rest[..<end]) else {
                    let text = String(decoding: rest[..<end], as: UTF8.self)
                    throw HistoryAssembly.Contradiction(description: "\(path): \(text.prefix(200))")
                }
                try take(line)
                rest = rest[(end + 1)...]
            }
        }
        guard rest.isEmpty else { throw HistoryAssembly.Contradiction(description: "\(path) is cut short") }
    }
}

extension Double {
    var inTenths: String { "\((self * 10).rounded() / 10)" }
    /// Of seconds, in milliseconds.
    var inMilliseconds: String { "\((self * 10_000).rounded() / 10) ms" }
}
