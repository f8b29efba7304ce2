import ArgumentParser
import Foundation

struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "The show's files, which lie on the Main server.",
        discussion: """
            Files are pushed from a folder and pulled into it: the current one, or --folder. Only what changed travels. What \
            is known of them lies in its subfolder .understudy; what was fetched is kept in $XDG_CACHE_HOME/understudy too, \
            for this user's other folders.

            A file that was changed here and meanwhile on the server is left as it is on both sides, and both versions are \
            named (exit 3). While the Backup is active, files are locked (exit 3).
            """,
        subcommands: [
            FilesPushSubcommand.self, FilesPullSubcommand.self, FilesListSubcommand.self, FilesResetSubcommand.self,
            FilesRebuildSubcommand.self,
        ])
}

struct FilesPushSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Send what is new or changed here to the server.")

    @Argument(
        help: "Files and folders, in --folder. Symbolic links are left out.",
        completion: .file())
    var paths: [String]
    @Flag(help: "Delete on the server what was removed here. Needs permission level 3.")
    var delete = false
    @Flag(help: "Replace what someone else pushed meanwhile. The server keeps the older versions.")
    var force = false
    @OptionGroup var files: FilesOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await files.run(.push(deletes: delete, force: force), paths: paths)
    }
}

struct FilesPullSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetch what is new or changed on the server.",
        discussion: "What was deleted on the server, and not changed here, is removed here.")

    @Argument(help: "Files and folders, in --folder. Default: all.", completion: .file())
    var paths: [String] = []
    @Flag(help: "Replace what was changed here and on the server by the server's version.")
    var force = false
    @OptionGroup var files: FilesOptions
    @OptionGroup var common: CommonOptions

    func run() async throws { try await files.run(.pull(force: force), paths: paths) }
}

struct FilesResetSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Make every file as it is on the server, and throw away what was changed here.",
        discussion: "Files that were never pushed stay. On a terminal it asks first.")

    @Flag(help: "Do not ask.")
    var force = false
    @OptionGroup var files: FilesOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await files.run(.reset, paths: []) { plan in
            guard !force, !files.json, isatty(STDIN_FILENO) == 1, !plan.losses.isEmpty else { return }
            for path in plan.losses.prefix(20) { Terminal.note("  \(path)") }
            if plan.losses.count > 20 { Terminal.note("  and \(plan.losses.count - 20) more") }
            FileHandle.standardError.write(
                Data("\(FilesCount.of(plan.losses.count)) changed here will be lost. Go on? [y/N] ".utf8))
            guard readLine()?.lowercased() == "y" else { throw NotConfirmed() }
        }
    }

    struct NotConfirmed: Error, CustomStringConvertible {
        var description: String { "nothing was changed." }
    }
}
