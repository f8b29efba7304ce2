import Testing

@testable import FailoverCore

@Suite("Follower")
struct FollowerTests {
    let main = MachineName("main-1")!, backup = MachineName("backup-1")!
    let start = MonotonicTime(nanoseconds: 0)

    private func announcement(
        _ epoch: UInt64, _ hub: MachineName?, silence: Duration = .zero
    ) -> Follower.Announcement {
        .init(epoch: Epoch(epoch), hub: hub, reason: .mainLost, silence: silence)
    }

    /// Both links up, following Main in epoch 2.
    private func following() -> Follower {
        var follower = Follower()
        _ = follower.linkUp(main, at: start)
        _ = follower.linkUp(backup, at: start)
        #expect(follower.announced(announcement(2, main), at: start) == .followed(nil))
        return follower
    }

    @Test("I1: the highest epoch is obeyed, and no lower one after it")
    func highestEpoch() {
        var follower = following()
        _ = follower.announced(announcement(5, backup), at: start)
        #expect(follower.following == backup)
        #expect(follower.announced(announcement(4, main), at: start) == .ignoredLowerEpoch)
        #expect(follower.announced(announcement(5, backup), at: start) == .unchanged)
        #expect(follower.following == backup && follower.epoch == Epoch(5))
    }

    @Test("A side that has stood down moves nobody")
    func stoodDown() {
        var follower = following()
        #expect(follower.announced(announcement(9, nil), at: start) == .ignoredStoodDown)
        #expect(follower.following == main)
    }

    @Test("The outage counts from the moment at which the old hub's session closed")
    func outageOfClosedSession() {
        var follower = following()
        follower.linkLost(main, at: start + .milliseconds(10))
        let outcome = follower.announced(
            announcement(3, backup, silence: .milliseconds(99)), at: start + .milliseconds(18))
        #expect(
            outcome
                == .followed(
                    .init(epoch: Epoch(3), from: main, to: backup, outage: .milliseconds(8), reason: .mainLost)))
    }

    @Test("The outage of a hub that hangs is what the new hub's server measured")
    func outageOfHungHub() {
        var follower = following()
        guard
            case .followed(let change?) = follower.announced(
                announcement(3, backup, silence: .milliseconds(250)), at: start)
        else {
            Issue.record("no switch")
            return
        }
        #expect(change.outage == .milliseconds(250))
    }

    @Test("A hub that cannot be reached yet is followed when it can, and the wait is part of the outage")
    func waitsForHub() {
        var follower = following()
        follower.linkLost(backup, at: start)
        follower.linkLost(main, at: start)
        #expect(follower.announced(announcement(3, backup), at: start + .milliseconds(5)) == .waitingForHub)
        #expect(follower.following == nil)
        guard case .followed(let change?) = follower.linkUp(backup, at: start + .milliseconds(40)) else {
            Issue.record("no switch")
            return
        }
        #expect(change.outage == .milliseconds(40))
    }

    @Test("A lost link moves nobody; the same hub back is no switch")
    func lostLink() {
        var follower = following()
        follower.linkLost(main, at: start)
        #expect(follower.following == nil)
        #expect(follower.linkUp(main, at: start + .seconds(1)) == .followed(nil))
        #expect(follower.following == main)
    }

    @Test("A new epoch of the same hub is no switch")
    func newEpochOfSameHub() {
        var follower = following()
        #expect(follower.announced(announcement(4, main), at: start) == .followed(nil))
        #expect(follower.epoch == Epoch(4))
    }
}
