/// What a seed decides before its run begins.
struct Traits {
    let clients: Int
    /// How long things go wrong.
    let safetyPhase: Span
    /// When the first fault may begin: at once, or when the site works.
    let firstFault: Span
    /// Between the beginnings of two faults, on average.
    let faultPause: Span
    /// Not every kind in every run: what rarely meets otherwise meets here.
    let faultKinds: [Fault.Kind]
    /// How late a server's timers run at most.
    let timerDelay: Span
    let show: ShowTraits

    init(_ random: inout SplitMix64) {
        // In some runs nothing breaks, and processes only stall: then nobody has an excuse, with a witness or without.
        let isStalling = random.chance(0.15)
        let clients = isStalling && random.chance(0.5) ? 0 : random.index(below: 7)
        self.clients = clients
        safetyPhase = random.span(.seconds(10) ... .seconds(40))
        firstFault = random.chance(0.5) ? .zero : .seconds(4)
        faultPause = random.spanOfAnySize(.milliseconds(150) ... .seconds(6))
        timerDelay = random.chance(0.5) ? .zero : random.spanOfAnySize(.microseconds(50) ... .milliseconds(2))
        show = ShowTraits(&random)
        let share = random.pick([0.2, 0.5, 1])
        let possible = Fault.Kind.allCases.filter { !$0.isOrder && (clients > 0 || !$0.isOfClients) }
        let chosen = possible.filter { isStalling ? $0.isStall : random.chance(share) }
        faultKinds = (chosen.isEmpty ? [random.pick(possible)] : chosen) + Self.drawOrders(&random)
    }

    /// What operators order in this run: nothing in half of them. A Backup that was removed, and is not added again, has no
    /// part in what follows, so that is rare.
    private static func drawOrders(_ random: inout SplitMix64) -> [Fault.Kind] {
        guard random.chance(0.5) else { return [] }
        let drawn = Fault.Kind.allCases.filter { $0.isOrder && random.chance($0 == .removeBackup ? 0.2 : 0.6) }
        return drawn.filter { $0 != .addBackup || drawn.contains(.removeBackup) }
    }

    /// Of one way on a healthy network.
    func drawDelay(_ random: inout SplitMix64) -> ClosedRange<Span> {
        let least = random.spanOfAnySize(.microseconds(30) ... .milliseconds(1))
        return least...(least + random.spanOfAnySize(.microseconds(20) ... .milliseconds(2)))
    }
}
