import FailoverCore

/// One seed: a safety phase with faults, then a liveness phase without any.
struct Run {
    struct Outcome {
        var seconds = 0.0
        var tally = Tally()
        /// What did not hold; `nil` when all did.
        var violation: String?
    }

    let seed: UInt64
    var isTraced = false

    func outcome() -> Outcome {
        let site = Site(seed: seed, script: Script(isWanted: isTraced))
        let end = Instant.start + site.traits.safetyPhase
        site.after(site.traits.firstFault) { $0.scheduleFaults(until: end) }
        look(at: site)
        site.run(until: end)
        var violation = site.oracles.violation
        if violation == nil {
            site.endAllFaults()
            violation = recover(site)
        }
        if let violation { site.script.note(site.now, "VIOLATION \(violation)") }
        return Outcome(seconds: site.now.inSeconds, tally: site.tally, violation: violation)
    }

    private func look(at site: Site) {
        site.oracles.availability.look(site)
        site.after(.milliseconds(100)) { look(at: $0) }
    }

    /// Nobody publishes any more: both hubs come to hold the same, and nobody waits.
    private func settle(_ site: Site) -> String? {
        site.isShowOn = false
        let began = site.now
        while true {
            site.run(until: site.now + .milliseconds(500))
            if let violation = site.oracles.violation { return violation }
            guard let problem = site.oracles.show.problem(of: site) else { break }
            if site.now - began > Self.settling {
                return "I6: \(Self.settling.inSeconds) s after the last message \(problem)"
            }
        }
        site.oracles.show.judge(site)
        return site.oracles.violation
    }

    /// Longer than a program waits for a confirmation.
    private static let settling = Span.seconds(12)

    /// Until the site has found back and stayed so for a while.
    private func recover(_ site: Site) -> String? {
        let began = site.now
        var found: (instant: Instant, epoch: Epoch?)?
        while true {
            site.run(until: site.now + .milliseconds(100))
            if let violation = site.oracles.violation { return violation }
            let epoch = site.server(.main).core?.record?.epoch
            guard let problem = RecoveryOracle.problem(of: site) else {
                if found == nil || found?.epoch != epoch { found = (site.now, epoch) }
                if let found, site.now - found.instant >= RecoveryOracle.stays {
                    site.tally.longestRecovery = max(site.tally.longestRecovery, found.instant - began)
                    return settle(site)
                }
                if site.now - began > RecoveryOracle.patience { return "I6: epochs go on growing" }
                continue
            }
            found = nil
            if site.now - began > RecoveryOracle.patience {
                return "I6: \(RecoveryOracle.patience.inSeconds) s after the last fault \(problem)"
            }
        }
    }
}
