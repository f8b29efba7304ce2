/// One connection to a broker, from the first attempt to its end. It never opens twice: a reconnect is a new session
/// with a new handle, since libmosquitto would send unconfirmed messages of the old one again.
struct SessionStateMachine: Hashable, Sendable {
    enum State: Hashable, Sendable {
        /// Can transition to: connecting, closed.
        case idle
        /// The socket is being connected, or CONNACK is awaited. Can transition to: open, closed.
        case connecting
        /// Can transition to: closing, closed.
        case open
        /// DISCONNECT was sent. Can transition to: closed.
        case closing
        /// The end.
        case closed(CloseReason)
    }

    enum Event: Hashable, Sendable {
        case openRequested
        /// CONNACK, with its reason code (MQTT 5, table 3-1); 0 is success.
        case acknowledged(code: Int32)
        case connectDeadlinePassed
        case closeRequested
        /// The socket or the library reported the end.
        case failed(CloseReason)
    }

    enum Action: Hashable, Sendable {
        case connect
        case reportOpen
        case sendDisconnect
        /// Release socket and handle, and report the reason, once.
        case finish(CloseReason)
    }

    private(set) var state = State.idle

    mutating func handle(_ event: Event) -> Action? {
        switch (state, event) {
        case (.idle, .openRequested):
            state = .connecting
            return .connect
        case (.connecting, .acknowledged(code: 0)):
            state = .open
            return .reportOpen
        case (.connecting, .acknowledged(let code)):
            return finish(.rejected(code: code))
        case (.connecting, .connectDeadlinePassed):
            return finish(.noAnswer)
        case (.open, .closeRequested):
            state = .closing
            return .sendDisconnect
        case (.idle, .closeRequested), (.connecting, .closeRequested):
            return finish(.requested)
        case (.closing, .failed):
            return finish(.requested)
        case (.idle, .failed(let reason)), (.connecting, .failed(let reason)), (.open, .failed(let reason)):
            return finish(reason)
        case (.closed, _), (_, .openRequested), (_, .acknowledged), (_, .connectDeadlinePassed), (.closing, _):
            // Late news of a session that has moved on.
            return nil
        }
    }

    private mutating func finish(_ reason: CloseReason) -> Action {
        state = .closed(reason)
        return .finish(reason)
    }
}
