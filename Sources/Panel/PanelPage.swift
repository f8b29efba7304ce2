import FailoverCore
import HubProtocol
import Mustache

/// The panel: one page with all its parts, which scripts fill and keep filled.
public struct PanelPage: Sendable {
    /// Who looks, and at which machine's panel. It does not change while the page is open.
    public struct Viewer: Sendable {
        let machine: MachineName
        let role: Role
        let user: MachineName
        let permission: Int
        let hasKeys: Bool

        /// - Parameters:
        ///   - machine: the machine that serves the page.
        ///   - role: that machine's.
        ///   - user: whose commands those of the page are.
        ///   - permission: the user's, 1 to 3.
        public init(machine: MachineName, role: Role, user: MachineName, permission: Int, hasKeys: Bool) {
            self.machine = machine
            self.role = role
            self.user = user
            self.permission = permission
            self.hasKeys = hasKeys
        }
    }

    /// What a browser may do on this page, whatever a text in it may hold: run and show only what this server itself sends
    /// (https://www.w3.org/TR/CSP3/).
    public static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

    private let library: MustacheLibrary

    /// - Throws: what is wrong with a template.
    public init() throws {
        library = MustacheLibrary(
            templates: try [
                "index": PackageResources.index_mustache, "status": PackageResources.status_mustache,
                "machines": PackageResources.machines_mustache, "show": PackageResources.show_mustache,
                "show-file": PackageResources.show_file_mustache, "files": PackageResources.files_mustache,
                "texts": PackageResources.texts_mustache,
            ].mapValues { try MustacheTemplate(string: String(decoding: $0, as: UTF8.self)) })
    }

    /// The page in HTML.
    public func html(for viewer: Viewer) -> String {
        library.render(Context(viewer), withTemplate: "index") ?? ""
    }

    /// What the templates name.
    private struct Context {
        struct Check {
            let code: String
            let missing: String
            let fulfilled: String
        }

        struct Text {
            let code: String
            let sentence: String
        }

        /// A part of the show that is edited in place.
        struct Show {
            let kind: String
            let title: String
            /// What stands there, in a word.
            let value: String
            let example: String
        }

        /// A list of show files.
        struct ShowGroup {
            let kind: String
            let title: String
            /// Said where there are none.
            let none: String
        }

        /// The chip of a machine that reaches nobody.
        let isolated = Phase.isolated.chip(hasPair: true)
        let machine: String
        let role: String
        let user: String
        let permission: Int
        let hasKeys: Bool
        let shows = [
            Show(kind: "delays", title: "Delays", value: "Delay", example: "video"),
            Show(kind: "routing", title: "Routing", value: "Route", example: "input/1"),
        ]
        let showGroups = [
            ShowGroup(kind: "saved", title: "Saved shows", none: "No show was saved yet."),
            ShowGroup(
                kind: "backups", title: "Automatic backups",
                none:
                    "There are none yet. Main makes them while the show changes, and before one is loaded or replaced."),
        ]
        let showRule = ShowName.rule
        let noDrill = "Drills come with a later version of this server."
        let checks = HubState.Missing.allCases.map {
            Check(code: $0.rawValue, missing: $0.sentence, fulfilled: $0.fulfilment)
        }
        let warnings = HubState.Warning.allCases.map { Text(code: $0.rawValue, sentence: $0.sentence) }
        let reasons = Reason.allCases.map { Text(code: $0.rawValue, sentence: $0.sentence) }

        init(_ viewer: Viewer) {
            machine = viewer.machine.description
            role = viewer.role.rawValue
            user = viewer.user.description
            permission = viewer.permission
            hasKeys = viewer.hasKeys
        }
    }
}
