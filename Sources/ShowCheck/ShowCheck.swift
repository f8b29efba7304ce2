import ArgumentParser

@main
struct ShowCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tries what the show is promised. See `ShowCheck check --help`.",
        subcommands: [CheckCommand.self, LoadCommand.self], defaultSubcommand: CheckCommand.self)
}
