import FailoverCore
import HubProtocol

/// Why a server did not start, or had to end. Each says what is wrong and what to do.
public enum ServerError: Error, CustomStringConvertible {
    case notLoopback(address: String)
    case invalidAddress(String)
    case brokerMissing(searched: [String])
    case pluginMissing(searched: [String])
    case portInUse(port: UInt16, holder: PortHolder?)
    case cannotListen(address: String, port: UInt16, cause: String)
    case brokerEnded(kind: String, how: String, lastLine: String?)
    case brokerUnreachable(kind: String, cause: String)
    case sameServer(address: String)
    case sameRole(role: Role, other: MachineName, address: String)
    case otherPair(backup: MachineName, address: String, main: MachineName)
    case otherServer(found: MachineName, address: String, partner: MachineName)
    case placeTaken(role: Role, by: MachineName)
    case nameTaken(name: MachineName, address: String)
    case foreignRecord(path: String, owner: String)
    case newerRecord(path: String)
    case keyRevoked(name: MachineName)

    /// Whether the site refused this server, rather than this machine failing it.
    public var isRefusal: Bool {
        switch self {
        case .sameServer, .sameRole, .otherPair, .otherServer, .placeTaken, .nameTaken, .keyRevoked: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .notLoopback(let address):
            "without keys a server listens on loopback only, and \(address) is not. Name its key with --keys, or add "
                + "--insecure if everyone on that network may read and change the show."
        case .invalidAddress(let address):
            "\(address) is not an IP address of this machine. Listen on one of its own addresses."
        case .brokerMissing(let searched):
            "no Mosquitto broker was found in \(searched.joined(separator: ", ")). Install it (on Debian or Ubuntu: "
                + "sudo apt-get install mosquitto)."
        case .pluginMissing(let searched):
            "the broker's plugin, libBrokerAccess.so, was not found in \(searched.joined(separator: ", ")). It belongs "
                + "beside this program: build both (swift build), and copy both."
        case .portInUse(let port, let holder):
            "port \(port) is in use" + (holder.map { " by \($0)" } ?? "") + ". "
                + (holder?.advice ?? "Stop that program, or choose other ports with --port, --control-port or --http.")
        case .cannotListen(let address, let port, let cause):
            "cannot listen on \(address) port \(port): \(cause). Choose another address or another port."
        case .brokerEnded(let kind, let how, let lastLine):
            "the \(kind) broker ended (\(how))" + (lastLine.map { ": \($0)" } ?? "")
                + ". A server and its brokers live and "
                + "die together; start the server again."
        case .brokerUnreachable(let kind, let cause):
            "the \(kind) broker of this server does not answer: \(cause). Start the server again."
        case .sameServer(let address):
            "the other server's address, \(address), is this very server. Backup and Main must be two servers."
        case .sameRole(let role, let other, let address):
            "\(other) at \(address) is a \(role.rawValue) as well. A site has one Main server and one Backup server; "
                + "give this one the other role, or the other address."
        case .otherPair(let backup, let address, let main):
            "\(backup) at \(address) works with \(main), another main server. Remove it there first (understudy backup "
                + "remove), or give this server another Backup."
        case .otherServer(let found, let address, let partner):
            "\(found) answers at \(address), but the other server of this pair is \(partner). If \(found) is to take its "
                + "place, remove \(partner) and add \(found): understudy backup remove, then understudy backup add."
        case .placeTaken(let role, let name):
            "\(name) works with another \(role.rawValue) server already, which is running. Stop that one first, or give "
                + "this server another address to pair with."
        case .nameTaken(let name, let address):
            "a machine named \(name) is on this site already, at \(address). Give this one another --name."
        case .foreignRecord(let path, let owner):
            "\(path) belongs to \(owner). Give this server a data folder of its own with --data."
        case .keyRevoked(let name):
            "the key of \(name) was revoked: no machine of this site works with it. Have a new one issued (understudy keys "
                + "add \(name)), and start this server with that."
        case .newerRecord(let path):
            "\(path) was written by a newer version of Understudy. Start that version, or another data folder."
        }
    }
}
