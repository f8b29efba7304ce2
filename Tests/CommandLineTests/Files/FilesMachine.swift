import Foundation
import LocalSite
import Testing

/// A machine that works on the files of a `WebSite`, with a folder, a cache and a key of its own.
struct FilesMachine {
    let name: String
    let folder: String
    private let hubs: [String]
    private let key: String?
    private let cache: String

    /// - Parameters:
    ///   - permission: of its key; `nil`: the site has none.
    ///   - cache: shared by those that name the same.
    init(_ name: String, at site: WebSite, permission: Int? = nil, cache: String? = nil) throws {
        try self.init(
            name, in: site.folder, hubs: ["127.0.0.1:\(site.hubPort)"],
            key: permission.map { try site.keys!.file(of: name, .client, permission: $0) }, cache: cache)
    }

    init(_ name: String, in folder: String, hubs: [String], key: String? = nil, cache: String? = nil) throws {
        self.name = name
        self.folder = "\(folder)/files of \(name)"
        self.hubs = hubs
        self.key = key
        self.cache = "\(folder)/cache-\(cache ?? name)"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
    }

    /// What `--json` says at the end.
    struct Report: Decodable {
        struct Conflict: Decodable {
            struct Version: Decodable {
                var version: Int
                var author: String
            }

            var path: String
            var expected: Version?
            var found: Version?
        }

        struct Failure: Decodable {
            var name: String
            var message: String
        }

        var pushed, pulled, deleted, removed: [String]
        var fromCache, alike, kept, notDone, leftOut, bytes: Int
        var conflicts: [Conflict]
        var failed: [Failure]
        var reason: String?
    }

    /// Runs `understudy files …`, which names its folder.
    func files(_ arguments: String...) async throws -> Understudy.Outcome {
        try await Understudy.run(Understudy.program, self.arguments(arguments), environment: ["XDG_CACHE_HOME": cache])
    }

    /// The same with `--json`, where it is expected to end with this exit code.
    func report(_ arguments: String..., code: Int32 = 0) async throws -> Report {
        let outcome = try await Understudy.run(
            Understudy.program, self.arguments(arguments + ["--json"]), environment: ["XDG_CACHE_HOME": cache])
        #expect(outcome.code == code, "\(arguments): \(outcome.output) \(outcome.error)")
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    }

    /// Runs it until something has happened, and kills it then, unless it was quicker.
    func killed(_ arguments: String..., when happened: () -> Bool) async throws {
        let process = try await MachineProcess(
            name, program: "/usr/bin/env",
            arguments: ["XDG_CACHE_HOME=\(cache)", Understudy.program] + self.arguments(arguments))
        while !happened(), process.endedAt == nil { try await Task.sleep(for: .milliseconds(1)) }
        try await process.kill()
    }

    private func arguments(_ arguments: [String]) -> [String] {
        ["files"] + arguments + (arguments.first == "list" ? [] : ["--folder", folder])
            + hubs.flatMap { ["--hub", $0] } + (key.map { ["--keys", $0] } ?? [])
    }

    func path(_ file: String) -> String { "\(folder)/\(file)" }

    func write(_ content: String, at file: String) throws { try write(Data(content.utf8), at: file) }

    func write(_ content: Data, at file: String) throws {
        let url = URL(filePath: path(file))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: url)
    }

    func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: path(file)) }

    /// `nil`: there is none.
    func read(_ file: String) -> String? {
        FileManager.default.contents(atPath: path(file)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a file of more than a megabyte is there, in a folder or below.
    static func hasLargeFile(below folder: String) -> Bool {
        let files = FileManager.default.enumerator(atPath: folder)
        while files?.nextObject() != nil {
            if let size = files?.fileAttributes?[.size] as? Int, size > 1_000_000 { return true }
        }
        return false
    }
}
