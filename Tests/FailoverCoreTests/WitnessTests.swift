import Testing

@testable import FailoverCore

@Suite("Witness (rules 3, 5 and 12)")
struct WitnessTests {
    private let identity = WitnessIdentity(name: MachineName("cam-1")!, ballotBox: "box")
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)
    private var record: Record {
        Record(
            epoch: Epoch(2), version: 2, holder: TwoServers.Side.main.name, mode: .paired, standbySession: "backup",
            witnesses: [identity], lease: Timing().lease, reason: .started, evidence: "", silenceMs: 0,
            since: Timestamp(millisecondsSince1970: 0))
    }

    private func witness(_ ballot: Ballot? = nil) -> Witness { Witness(identity: identity, ballot: ballot, at: start) }

    private func heartbeat(
        _ side: TwoServers.Side, asks purpose: Claim.Purpose? = nil, record: Record? = nil, at now: MonotonicTime? = nil
    ) -> Witness.Event {
        let record = record ?? self.record
        let role: Role = side == .main ? .main : .backup
        let claim = purpose.map {
            Claim(
                from: record.epoch, epoch: record.epoch.next(for: role), purpose: $0, reason: .mainLost, evidence: "",
                silenceMs: 0)
        }
        return .heartbeat(
            ElectionHeartbeat(
                session: "\(side)", sentAt: now ?? start, sender: TwoServers.address(side), role: role, record: record,
                isActive: side == .main, claim: claim, isLeaving: false))
    }

    private func votes(_ directives: [Witness.Directive]) -> [MachineName] {
        directives.compactMap { if case .send(let vote) = $0 { vote.candidate } else { nil } }
    }

    private func ballots(_ directives: [Witness.Directive]) -> [Ballot] {
        directives.compactMap { if case .store(let ballot) = $0 { ballot } else { nil } }
    }

    @Test(
        "A vote is on disk before anybody hears of it, is given again when asked again, and never to the other server")
    func oneVote() throws {
        var witness = witness()
        let asked = witness.handle(heartbeat(.backup, asks: .takeOver), at: start)
        let ballot = try #require(ballots(asked).first)
        #expect(votes(asked).isEmpty && ballot.candidate == TwoServers.Side.backup.name)
        #expect(votes(witness.handle(.stored(ballot), at: start)) == [TwoServers.Side.backup.name])
        #expect(votes(witness.handle(heartbeat(.backup, asks: .takeOver), at: start)) == [TwoServers.Side.backup.name])
        #expect(witness.handle(heartbeat(.main, asks: .goOnAlone), at: start).isEmpty)
        // What was on disk binds the next run.
        var restarted = self.witness(ballot)
        #expect(restarted.handle(heartbeat(.main, asks: .goOnAlone), at: start).isEmpty)
    }

    @Test("The standby gets no vote while the witness hears the holder; it does when that one falls silent or is gone")
    func hearsTheHolder() {
        for isGone in [false, true] {
            var witness = witness()
            _ = witness.handle(heartbeat(.main), at: start)
            #expect(witness.handle(heartbeat(.backup, asks: .takeOver), at: start + .milliseconds(50)).isEmpty)
            let later = start + .milliseconds(isGone ? 51 : 80)
            let event: Witness.Event =
                isGone ? .linkClosed(TwoServers.Side.main.name, refused: true) : .timePassed
            #expect(ballots(witness.handle(event, at: later)).count == 1)
        }
    }

    @Test("A witness that was itself not scheduled counts no silence from that time (rule 12)")
    func lateObserver() {
        var witness = witness()
        _ = witness.handle(heartbeat(.main), at: start)
        let late = start + .milliseconds(500)
        #expect(witness.handle(heartbeat(.backup, asks: .takeOver), at: late).isEmpty)
        for step in 1...3 { _ = witness.handle(.timePassed, at: late + .milliseconds(24 * step)) }
        #expect(ballots(witness.handle(.timePassed, at: late + .milliseconds(80))).count == 1)
    }

    @Test("Who is no witness of this epoch does not vote, nor for a server that first asks the other one")
    func noVote() {
        var foreign = record
        foreign.witnesses = [WitnessIdentity(name: identity.name, ballotBox: "another box")]
        var alone = record
        alone.mode = .alone
        var witness = witness()
        #expect(witness.handle(heartbeat(.backup, asks: .takeOver, record: foreign), at: start).isEmpty)
        #expect(witness.handle(heartbeat(.backup, asks: .takeOver, record: alone), at: start).isEmpty)
        #expect(witness.handle(heartbeat(.main, asks: .resume), at: start).isEmpty)
    }

    // MARK: - Bad input

    @Test("A witness that says a session is gone starts nothing alone: the standby must have seen it itself (rule 5)")
    func lyingWitness() {
        var servers = TwoServers.paired()
        servers.hung = [.main]
        servers.run(.milliseconds(80))
        let lie = Vote(
            witness: WitnessIdentity(name: MachineName("cam-1")!, ballotBox: "box-1"),
            from: servers.backup.record!.epoch,
            candidate: TwoServers.Side.backup.name, goneSession: servers.backup.peerSession)
        #expect(servers.backup.claim != nil)
        servers.handle(.vote(lie), at: .backup)
        #expect(!servers.backup.isActive)
        servers.run(.milliseconds(100))
        #expect(servers.backup.isActive, "after the lease and its margin")
    }

    @Test("Votes of a stranger, of another box, twice, or for another epoch do not make a majority")
    func forgedVotes() {
        var servers = TwoServers.paired(witnesses: 3)
        servers.cutFromWitnesses = [.backup]
        servers.mute = [.main, .backup]
        servers.run(.milliseconds(500))
        let from = servers.backup.record!.epoch
        #expect(servers.backup.claim != nil)
        for (name, box, epoch) in [
            ("cam-1", "box-1", from), ("cam-1", "box-1", from), ("cam-2", "another", from), ("evil", "box-2", from),
            ("cam-3", "box-3", from.next(for: .main)),
        ] {
            let witness = WitnessIdentity(name: MachineName(name)!, ballotBox: box)
            servers.handle(
                .vote(Vote(witness: witness, from: epoch, candidate: TwoServers.Side.backup.name)), at: .backup)
        }
        servers.run(.seconds(1))
        #expect(!servers.backup.isActive && servers.main.isActive)
    }

    @Test("A wall clock that jumps decides nothing")
    func jumpingClock() {
        var servers = TwoServers.paired()
        let record = servers.main.record
        for offset: Int64 in [86_400_000, -86_400_000, .max / 4, -1_000_000] {
            servers.wallOffset = offset
            servers.run(.seconds(2))
            #expect(servers.main.record == record && servers.main.isActive && !servers.backup.isActive)
        }
        servers.kill(.main)
        servers.run(.milliseconds(50))
        #expect(servers.backup.isActive)
    }
}
