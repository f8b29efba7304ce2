import ArgumentParser
import FailoverCore
import Foundation
import HubClient
import HubProtocol
import Keys
import MQTTSession

struct KeysRevokeSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Shut out a machine whose key is in the wrong hands.",
        discussion: """
            Every key that was issued to this machine until now counts no more: its sessions end at once, and no server of \
            the site lets it in again. The servers tell each other and remember it, also one that cannot be reached now. A \
            key that is issued to the machine later is good.

            What the site's file signs is believed, whoever says it; no --keys is needed.
            """)

    @Argument(help: "The machine.")
    var name: MachineName
    @Option(
        name: .customLong("site"), help: ArgumentHelp("The site's file, as keys create wrote it.", valueName: "file"))
    var authority: String
    @OptionGroup var site: SiteOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let authority = try SiteAuthority(path: authority)
        let command = KeysRevokeCommand(revocation: try await authority.revoke(name, at: .now).token)
        try await withKey(of: authority) { user, credentials in
            for await view in SiteObserver.views(of: site.endpoints, credentials: credentials) {
                // First the machine itself, where it is a server: once the others know, it ends.
                let servers = Set(view.servers(reached: true)).sorted { $0 == name || ($1 != name && $0 < $1) }
                guard !servers.isEmpty else { throw NoHubReached(view) }
                var told: [MachineName] = []
                var failure: (any Error)?
                for server in servers {
                    guard let endpoint = view.endpoint(of: server) else { continue }
                    do {
                        try await CommandSession.give(
                            .keysRevoke, command, as: user, to: endpoint, credentials: credentials)
                        told.append(server)
                    } catch {
                        failure = error
                    }
                }
                if let failure, told.isEmpty { throw failure }
                let others = view.servers.subtracting(told).sorted()
                print(
                    "The keys of \(name) are revoked at \(Self.list(told.sorted()))."
                        + (others.isEmpty
                            ? "" : " \(Self.list(others)) did not answer, and hears of it from there."))
                return
            }
        }
    }

    /// The one that was named, or one of this command's own, which only this process knows.
    private func withKey(
        of authority: SiteAuthority, _ body: (MachineName, TLSCredentials) async throws -> Void
    ) async throws {
        if let credentials = site.key.credentials, let key = try site.key.read() {
            return try await body(key.name, credentials)
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "understudy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "key").path(percentEncoded: false)
        let user = MachineName(NSUserName()) ?? MachineName("operator")!
        try authority.issue(KeyRequest(name: user, role: .client, permission: 1, days: 1), at: .now).write(to: path)
        try await body(user, TLSCredentials(path: path))
    }

    private static func list(_ names: [MachineName]) -> String { names.map(\.description).joined(separator: " and ") }
}
