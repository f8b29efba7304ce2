import FailoverCore

/// The servers that announce themselves, put together from what is seen of each: on every interface, over IPv4 and IPv6,
/// and under its former and its new name while it changes.
struct DiscoveredServers {
    /// More are not kept; no site has as many.
    static let maximumInstances = 500

    private struct Sighting {
        var announcement: ServerAnnouncement
        var host: String
        var way: Way
        /// The higher one is the newer.
        var number: UInt64
    }

    /// What several sightings have in common. Sites on one network may give their servers the same names, but machines
    /// have names of their own.
    private struct Identity: Hashable {
        var host: String
        var name: MachineName
        var port: UInt16
    }

    private var sightings: [BrowseEvent.Instance: Sighting] = [:]
    private var count: UInt64 = 0

    /// What is not announced as a server of ours does it is ignored.
    mutating func note(_ event: BrowseEvent) {
        switch event {
        case .appeared: break
        case .vanished(let instance): sightings[instance] = nil
        case .resolved(let instance, let resolution):
            guard let announcement = ServerAnnouncement(texts: resolution.texts, port: resolution.port) else {
                sightings[instance] = nil
                return
            }
            guard sightings[instance] != nil || sightings.count < Self.maximumInstances else { return }
            count += 1
            sightings[instance] = Sighting(
                announcement: announcement, host: resolution.host,
                way: Way(announced: announcement.address, seen: resolution.address, interface: instance.interface),
                number: count)
        }
    }

    /// By site, Main first, then by name.
    var list: [DiscoveredServer] {
        let machines = Dictionary(grouping: sightings.values) {
            Identity(host: $0.host, name: $0.announcement.name, port: $0.announcement.port)
        }
        return machines.values.compactMap { sightings in
            guard let newest = sightings.max(by: { $0.number < $1.number })?.announcement,
                let way = sightings.map(\.way).min()
            else { return nil }
            return DiscoveredServer(
                name: newest.name, role: newest.role, address: way.address, port: newest.port, site: newest.site,
                isPaired: newest.isPaired)
        }.sorted { $0.order < $1.order }
    }
}

/// An address of a server; the lowest is the best to use.
private struct Way: Hashable, Comparable {
    private enum Kind: Int, Comparable {
        case announced, version4, version6, linkLocal, loopback

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    private let kind: Kind
    let address: String

    init(announced: String?, seen: String, interface: String) {
        if let announced {
            (kind, address) = (.announced, announced)
        } else if seen.hasPrefix("127.") || seen == "::1" {
            (kind, address) = (.loopback, seen)
        } else if seen.lowercased().hasPrefix("fe80:") {
            // It means nothing without its interface.
            (kind, address) = (.linkLocal, "\(seen)%\(interface)")
        } else if seen.hasPrefix("169.254.") {
            (kind, address) = (.linkLocal, seen)
        } else {
            (kind, address) = (seen.contains(":") ? .version6 : .version4, seen)
        }
    }

    static func < (left: Self, right: Self) -> Bool { (left.kind, left.address) < (right.kind, right.address) }
}

extension DiscoveredServer {
    fileprivate var order: (Int, String, Int, MachineName, String) {
        (site == nil ? 1 : 0, site?.description ?? "", role == .main ? 0 : 1, name, "\(address) \(port)")
    }
}
