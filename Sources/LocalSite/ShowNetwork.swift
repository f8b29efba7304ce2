import FailoverCore

/// The network of a show: one switch, and a cable from it to every machine, each in a network namespace of its own.
///
/// No address of it is known anywhere else, and nobody outside is part of it.
public actor ShowNetwork {
    private let switchboard: NetworkNamespace
    private let places: [MachineName: Place]
    private var avahi: [MachineName: AvahiService] = [:]

    private struct Place {
        let namespace: NetworkNamespace
        let address: String
        /// The cable's end at the switch.
        let port: String
    }

    /// A machine's end of its cable.
    private static let cableEnd = "eth0"

    /// Needs root.
    public init(machines: [MachineName]) async throws {
        switchboard = try await NetworkNamespace()
        // No spanning tree: a port passes packets on as soon as it is up.
        try await switchboard.run("ip link add name bridge type bridge stp_state 0 forward_delay 0")
        try await switchboard.run("ip link set bridge up")
        try await switchboard.run(["nft", "add table bridge switch; \(Self.chain)"])
        var places: [MachineName: Place] = [:]
        for (number, machine) in machines.enumerated() {
            let place = Place(
                namespace: try await NetworkNamespace(), address: "10.0.0.\(number + 1)", port: "port\(number + 1)")
            try await NetworkNamespace.connect((switchboard, place.port), (place.namespace, Self.cableEnd))
            try await switchboard.run("ip link set \(place.port) master bridge up")
            try await place.namespace.run("ip link set lo up")
            try await place.namespace.run("ip address add \(place.address)/24 dev \(Self.cableEnd)")
            try await place.namespace.run("ip link set \(Self.cableEnd) up")
            places[machine] = place
        }
        self.places = places
    }

    private static let chain = "add chain bridge switch passing { type filter hook forward priority 0; }"

    public nonisolated func address(of machine: MachineName) -> String? { places[machine]?.address }
    nonisolated func namespace(of machine: MachineName) -> NetworkNamespace? { places[machine]?.namespace }

    /// What runs this program on that machine.
    public nonisolated func entering(
        _ machine: MachineName, _ program: String, _ arguments: [String]
    ) -> (program: String, arguments: [String]) {
        namespace(of: machine)?.entering(program, arguments) ?? (program, arguments)
    }

    public func startAvahi(on machine: MachineName) async throws {
        avahi[machine] = try await AvahiService(host: "\(machine)", in: place(machine).namespace)
    }

    public func stopAvahi(on machine: MachineName) async { await avahi.removeValue(forKey: machine)?.end() }

    // MARK: - Faults

    /// The machine sees that its link is down.
    public func pullCable(of machine: MachineName) async throws {
        try await switchboard.run("ip link set \(place(machine).port) down")
    }

    public func plugCable(of machine: MachineName) async throws {
        try await switchboard.run("ip link set \(place(machine).port) up")
    }

    /// Every machine sees its link go down, as when the switch loses its power.
    public func switchOff() async throws {
        try await switchboard.run("ip link set bridge down")
        for machine in places.keys { try await pullCable(of: machine) }
    }

    public func switchOn() async throws {
        try await switchboard.run("ip link set bridge up")
        for machine in places.keys { try await plugCable(of: machine) }
    }

    /// Loses these packets from now on, and no others.
    public func lose(_ losses: [PacketLoss]) async throws {
        let rules = try losses.map { loss in
            let source = try loss.source.map { "iifname \(try place($0).port) " } ?? ""
            let destination = try loss.destination.map { "oifname \(try place($0).port) " } ?? ""
            let port = loss.port.map { "ip protocol tcp tcp dport \($0) " } ?? ""
            let share = loss.percent < 100 ? "numgen random mod 100 < \(loss.percent) " : ""
            return "add rule bridge switch passing \(source)\(destination)\(port)\(share)drop"
        }
        // One transaction.
        try await switchboard.run(["nft", (["flush chain bridge switch passing"] + rules).joined(separator: "; ")])
    }

    public func loseNothing() async throws { try await lose([]) }

    /// Passes no more than this on to the machine, and holds back what is too much.
    public func slowDown(_ machine: MachineName, kilobitsPerSecond rate: Int) async throws {
        try await switchboard.run(
            "tc qdisc replace dev \(place(machine).port) root tbf rate \(rate)kbit burst 2000 limit 100000")
    }

    public func speedUp(_ machine: MachineName) async throws {
        try await switchboard.run("tc qdisc delete dev \(place(machine).port) root")
    }

    private func place(_ machine: MachineName) throws -> Place {
        guard let place = places[machine] else {
            throw NetworkNamespace.Failure(description: "\(machine) has no cable to this network")
        }
        return place
    }

    /// Call it when the machines have ended.
    public func end() async {
        for machine in avahi.keys { await stopAvahi(on: machine) }
        for place in places.values { await place.namespace.end() }
        await switchboard.end()
    }
}
