import ArgumentParser

/// Puts the asset store under load: to be killed by its tests, and for its figures.
@main
struct AssetStoreTrial: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write into an asset store.", subcommands: [WriteCommand.self, MeasureCommand.self])
}
