/// Files are the Main server's: while the Backup acts, nothing of them changes.
extension Coordinator {
    /// Until when, at the longest, this server may change files and hand them out, as far as it knows at `now`; `nil`: it may
    /// not. It may where its word counts beyond any doubt (I7), so that no file changes while the other server acts.
    public func filesOpenUntil(at now: MonotonicTime) -> MonotonicTime? {
        guard identity.role == .main, mayConfirm(at: now) else { return nil }
        return leaseEnd ?? MonotonicTime(nanoseconds: .max)
    }
}
