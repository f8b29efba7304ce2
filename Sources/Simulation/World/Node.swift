import FailoverCore

/// A place on the network: Main, the Backup, and the clients from 2 on.
struct Node: Hashable, CustomStringConvertible {
    let index: Int

    static let main = Node(index: 0)
    static let backup = Node(index: 1)
    static let servers = [main, backup]

    static func client(_ number: Int) -> Node { Node(index: 2 + number) }

    var isServer: Bool { index < 2 }
    /// The other server.
    var other: Node { self == .main ? .backup : .main }
    var description: String {
        switch index {
        case 0: "main"
        case 1: "backup"
        default: "cam-\(index - 1)"
        }
    }
}
