/// Where a site stands, in one word, as a server sees it.
public enum Phase: String, Codable, Sendable, CaseIterable {
    /// Main acts and nobody may take over from it.
    case alone
    /// Main acts and the Backup may take over.
    case idle
    case switchingToBackup
    /// The Backup acts.
    case active
    case switchingToMain
    /// This server sees nobody and does not act.
    case isolated
}

extension Coordinator {
    public var phase: Phase {
        if let writing, writing.holder != record?.holder, let before = record?.holder,
            before == me || writing.holder == me
        {
            return isMain(writing.holder) ? .switchingToMain : .switchingToBackup
        }
        guard let record else { return .alone }
        if startDeadline != nil || (!isActive && !isHolderAudible) { return .isolated }
        guard isMain(record.holder) else { return isReturning ? .switchingToMain : .active }
        return record.mode == .paired ? .idle : .alone
    }

    /// Whether this site is meant to have both servers.
    public var hasPair: Bool {
        identity.hasPeer || (identity.role == .main ? record?.backup : record?.main) != nil
    }

    /// The other server hears this one and is heard.
    public var isPeerHealthy: Bool { peer.healthySince != nil }

    /// The other server's present run, once it was heard.
    public var peerSession: String? { peer.latest?.session }

    private var isHolderAudible: Bool {
        record?.holder == me ? isActive : peer.lost(at: lastHandled, silence: timing.silence) == nil
    }

    private var isReturning: Bool { claim != nil || (isActive && peer.latest?.claim != nil) }

    private func isMain(_ name: MachineName) -> Bool { (name == me) == (identity.role == .main) }
}
