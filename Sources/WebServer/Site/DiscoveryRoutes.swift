import Discovery
import Hummingbird

/// The servers that announce themselves on this machine's network: from which a Backup is picked.
struct DiscoveryRoutes: Sendable {
    private struct Document: Encodable, Sendable {
        var servers: [DiscoveredServer]
        /// What is wrong and what to do, only while nothing can be known.
        var error: String?
    }

    /// A look takes a second and a process: everyone who asks meanwhile gets its outcome.
    private actor Look {
        private var underWay: Task<Document, Never>?

        var document: Document {
            get async {
                let task = underWay ?? Task { await Self.take() }
                underWay = task
                let document = await task.value
                if underWay == task { underWay = nil }
                return document
            }
        }

        private static func take() async -> Document {
            do throws(DiscoveryError) {
                return Document(servers: try await ServerBrowser.look())
            } catch {
                return Document(servers: [], error: "\(error)")
            }
        }
    }

    private let look = Look()

    func add(to router: RouterGroup<MemberContext>) {
        router.get("api/discovered") { _, _ in try Response.json(await look.document) }
        router.only(.get, path: "api/discovered")
    }
}
