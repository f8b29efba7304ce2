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
        if let writing, let before = record?.holder, writing.holder != before {
            return isMain(writing.holder) ? .switchingToMain : .switchingToBackup
        }
        guard let record, !isOutside else { return .alone }
        if record.holder != me, let counts = claimCounts, lastHandled < counts {
            return identity.role == .main ? .switchingToMain : .switchingToBackup
        }
        if record.holder == me ? !isActive : !isHolderAudible { return .isolated }
        guard isMain(record.holder) else { return .active }
        return record.mode == .paired ? .idle : .alone
    }

    /// Whether this site is meant to have both servers.
    public var hasPair: Bool { record?.mode != .single && !isOutside && (identity.hasPeer || partner != nil) }

    /// The other server hears this one and is heard.
    public var isPeerHealthy: Bool { peer.healthySince != nil }

    /// The other server's present run, once it was heard.
    public var peerSession: String? { peer.latest?.session }

    private var isHolderAudible: Bool {
        peer.latest != nil && peer.lost(at: lastHandled, silence: timing.lease.length) == nil
    }

    func isMain(_ name: MachineName) -> Bool { (name == me) == (identity.role == .main) }
}
