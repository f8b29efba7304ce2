extension Coordinator {
    /// The run of the other server that must have everything before it counts as a standby, or is handed over to.
    public var marksFor: String? { markedFor }

    /// Whether this server's word alone makes a message safe: nobody may take over from it, and nobody is about to be
    /// paired with what it had when that was asked.
    public func confirmsAlone(at now: MonotonicTime) -> Bool {
        mayConfirm(at: now) && record?.mode != .paired && (markedFor == nil || !isMarkCopied)
    }

    /// Whether the other server's run has everything that this hub had when that was first asked (rules 6 and 8). Before
    /// that the question is put to the shell, which knows how far the copies are.
    mutating func isCopied(to session: String, _ directives: inout [Directive]) -> Bool {
        if markedFor == session { return isMarkCopied }
        (markedFor, isMarkCopied) = (session, false)
        directives.append(.mark(session: session))
        return false
    }

    mutating func copied(to session: String) { isMarkCopied = isMarkCopied || session == markedFor }

    /// A mark serves one pair or one hand-over, and ends with the wish for it.
    mutating func reviewMark() {
        guard let markedFor else { return }
        let isStandbyAsking = record?.holder == me && peer.latest?.claim?.purpose == .handOver
        if peer.latest?.session != markedFor || !(canPair || isStandbyAsking) { self.markedFor = nil }
    }
}
