extension Coordinator {
    /// The other server of the pair, as the record has it; `nil`: it names none, or this server is outside.
    public var partner: ServerAddress? { isOutside ? nil : record?.other(than: identity.role) }

    /// The record names another server in this one's place, or none: it was removed, or never belonged there. It decides
    /// nothing, unless it is being added (rule 13).
    public var isOutside: Bool {
        guard let record, peer.latest?.adds != me else { return false }
        return record.isOutside(identity.role, me)
    }

    /// A server hears its partner and nobody else. Main does not hear a Backup of another site either: its record would
    /// win, and end this one's show.
    func concerns(_ heartbeat: ElectionHeartbeat) -> Bool {
        if let partner, partner.name != heartbeat.sender.name { return false }
        let main = heartbeat.record?.main?.name
        return identity.role != .main || main == nil || main == me
    }
}

extension Record {
    /// The server of the other role; `nil` where the site has none.
    public func other(than role: Role) -> ServerAddress? { role == .main ? backup : main }

    /// Whether only an operator's word gives this server another one to work with.
    public func isClosed(to role: Role, _ name: MachineName) -> Bool { mode == .single || isOutside(role, name) }

    /// Whether a server of this role and name has no place in the pair.
    public func isOutside(_ role: Role, _ name: MachineName) -> Bool {
        guard role == .backup else { return false }
        return mode == .single || backup.map { $0.name != name } ?? false
    }
}
