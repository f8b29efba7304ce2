import Testing

@testable import MQTTSession

@Suite("Session state machine")
struct SessionStateMachineTests {
    private func machine(_ events: SessionStateMachine.Event...) -> SessionStateMachine {
        var machine = SessionStateMachine()
        for event in events { _ = machine.handle(event) }
        return machine
    }

    @Test("idle, connecting, open, closing, closed")
    func wholeLife() {
        var machine = SessionStateMachine()
        #expect(machine.handle(.openRequested) == .connect)
        #expect(machine.handle(.acknowledged(code: 0)) == .reportOpen)
        #expect(machine.handle(.closeRequested) == .sendDisconnect)
        #expect(machine.handle(.failed(.lost("the broker closed"))) == .finish(.requested))
        #expect(machine.state == .closed(.requested))
    }

    @Test("A refused CONNECT ends it with the broker's reason code")
    func rejected() {
        var machine = machine(.openRequested)
        #expect(machine.handle(.acknowledged(code: 135)) == .finish(.rejected(code: 135)))
    }

    @Test("A broker that accepts the connection and says nothing is given up")
    func noAnswer() {
        var machine = machine(.openRequested)
        #expect(machine.handle(.connectDeadlinePassed) == .finish(.noAnswer))
    }

    @Test("The deadline means nothing to an open session")
    func lateDeadline() {
        var machine = machine(.openRequested, .acknowledged(code: 0))
        #expect(machine.handle(.connectDeadlinePassed) == nil)
        #expect(machine.state == .open)
    }

    @Test(
        "A closed session stays closed, and reports nothing twice",
        arguments: [
            SessionStateMachine.Event.openRequested, .acknowledged(code: 0), .connectDeadlinePassed, .closeRequested,
            .failed(.noAnswer),
        ])
    func closedIsFinal(_ event: SessionStateMachine.Event) {
        var machine = machine(.openRequested, .failed(.connectionRefused))
        #expect(machine.handle(event) == nil)
        #expect(machine.state == .closed(.connectionRefused))
    }

    @Test("Closing before it is open needs no DISCONNECT")
    func closeEarly() {
        var machine = machine(.openRequested)
        #expect(machine.handle(.closeRequested) == .finish(.requested))
    }
}

@Suite("Backoff")
struct BackoffTests {
    @Test("At once, then doubling up to the bound")
    func doubling() {
        var backoff = Backoff(first: .milliseconds(25), longest: .milliseconds(100))
        #expect((0..<6).map { _ in backoff.pause(jitter: 0) } == [0, 25, 50, 100, 100, 100].map { .milliseconds($0) })
        backoff.reset()
        #expect(backoff.pause(jitter: 0) == .zero)
    }

    @Test("Where nobody listens twice, nobody comes within a moment")
    func refused() {
        var backoff = Backoff(first: .milliseconds(1))
        func pauses(_ refusals: Bool...) -> [Duration] { refusals.map { backoff.pause(jitter: 0, wasRefused: $0) } }
        // The first refusal may be a stray packet, and is looked into at once.
        #expect(pauses(false, true, true, true) == [0, 1, 50, 100].map { .milliseconds($0) })
        backoff.reset()
        #expect(pauses(true, false, true, true) == [0, 1, 2, 50].map { .milliseconds($0) })
        backoff = Backoff(first: .milliseconds(1), longest: .milliseconds(10))
        #expect(pauses(true, true) == [0, 10].map { .milliseconds($0) })
    }

    @Test("Jitter shortens a pause by up to half")
    func jitter() {
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
        _ = backoff.pause(jitter: 1)
        #expect(backoff.pause(jitter: 1) == .milliseconds(50))
    }
}
