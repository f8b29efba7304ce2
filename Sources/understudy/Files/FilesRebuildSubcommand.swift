import ArgumentParser
import AssetClient

struct FilesRebuildSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Have the server make its index of files anew.",
        discussion: """
            The index is for looking up only. When the server says that it is damaged, this makes it anew from what lies \
            beside the contents; nothing is lost, and pushes wait meanwhile. Needs permission level 3.
            """)

    @OptionGroup var site: SiteOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await FilesPlace.find(site).withServer { try await $0.rebuild() }
        print("The index of files is made anew.")
    }
}
