/// Why servers cannot be found, or announce themselves, by name. Each says what to do; addresses work all the same.
public enum DiscoveryError: Error, Hashable, CustomStringConvertible {
    case toolMissing(String)
    case notRunning(cause: String)
    case failed(cause: String)

    public var description: String {
        switch self {
        case .toolMissing(let tool):
            "\(tool) is not installed, so servers are neither found nor announced by DNS-SD. Install Avahi (on Debian or "
                + "Ubuntu: sudo apt-get install avahi-daemon avahi-utils), or give addresses, which always work."
        case .notRunning(let cause):
            "Avahi does not run here (\(cause)), so servers are neither found nor announced by DNS-SD. Start it (sudo "
                + "systemctl start avahi-daemon), or give addresses, which always work."
        case .failed(let cause):
            "Avahi does not find or announce servers: \(cause). Give addresses, which always work."
        }
    }
}
