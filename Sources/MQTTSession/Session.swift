import CMosquitto
import Glibc

/// One connection to a broker over libmosquitto, with MQTT 5 and a clean start.
@SessionLoop
public final class Session {
    public struct Configuration: Sendable {
        public var endpoint: Endpoint
        /// `nil`: the broker asks for none. Over a Unix socket there is never one.
        public var credentials: TLSCredentials?
        public var clientID: String
        /// Published by the broker when this session ends without a DISCONNECT. Fixed for the session.
        public var will: Publication?
        /// Seconds; libmosquitto refuses less than 5, but for 0, which is never. On this machine nothing can break unseen,
        /// and a broker must not throw its own server off that was suspended together with it.
        public var keepAlive: Int32
        /// From `open` to CONNACK. A hung server still accepts the TCP connection, so the socket alone says nothing.
        public var connectDeadline: Duration = .seconds(1)

        public init(
            endpoint: Endpoint, credentials: TLSCredentials? = nil, clientID: String, will: Publication? = nil
        ) {
            self.endpoint = endpoint
            self.credentials = credentials
            self.clientID = clientID
            self.will = will
            if case .unix = endpoint { keepAlive = 0 } else { keepAlive = 5 }
        }
    }

    public enum Event: Sendable {
        case opened
        case message(Message)
        /// Always the last one.
        case closed(CloseReason)
    }

    public typealias Confirmation = @SessionLoop (Result<Void, RequestError>) -> Void

    public let configuration: Configuration
    private let onEvent: @SessionLoop (Event) -> Void
    private var machine = SessionStateMachine()
    private var handle: OpaquePointer?
    private var socket: Int32 = -1
    /// A second descriptor of the socket, while a session that sent DISCONNECT waits for the broker to hang up. The
    /// library closes its own at once; with something unread in it that is a reset, which can overtake the DISCONNECT
    /// and so fire the will.
    private var lingering: Int32 = -1
    private var awaitsWritable = true
    private var confirmations: [Int32: Confirmation] = [:]
    /// Set from the first attempt to the close: the handle's callbacks know this object by its address only.
    private var keptAlive: Session?
    /// What the library or the socket said last, for the reason of a close.
    private var lastFailure: CloseReason?
    private let deadline = LoopTimer()
    private let housekeeping = LoopTimer()

    private static let releaseDelay = Duration.milliseconds(100)

    public init(_ configuration: Configuration, onEvent: @escaping @SessionLoop (Event) -> Void) {
        self.configuration = configuration
        self.onEvent = onEvent
    }

    public var isOpen: Bool { machine.state == .open }

    /// The address of this machine that the broker sees; `nil` over a Unix socket.
    public var localAddress: String? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout.size(ofValue: storage))
        return withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                guard socket >= 0, getsockname(socket, $0, &size) == 0 else { return nil }
                return Endpoint.numericAddress(of: $0, size: size)
            }
        }
    }

    /// Whether the broker's key is that of this machine; without keys every one is.
    public func isKey(of machine: String) -> Bool {
        guard isEncrypted, case .tcp = configuration.endpoint else { return true }
        return handle.flatMap { TLSContext.peerName($0) } == machine
    }

    /// Starts to connect. `opened` or `closed` follows within the connect deadline.
    public func open() { handle(.openRequested) }

    /// Ends the session with a DISCONNECT, so that its will is not published. `closed` follows when the broker has
    /// seen it, within a second.
    public func close() { handle(.closeRequested) }

    /// - Parameter confirmed: called once: at PUBACK for QoS 1, at the hand-over to the socket for QoS 0.
    public func publish(_ publication: Publication, confirmed: Confirmation? = nil) {
        guard isOpen, let handle else {
            confirmed?(.failure(.notConnected))
            return
        }
        var properties = publication.properties
        defer { mosquitto_property_free_all(&properties) }
        var messageID: Int32 = 0
        let code = mosquitto_publish_v5(
            handle, &messageID, publication.topic, Int32(publication.payload.count), publication.payload,
            publication.quality.rawValue, publication.retain, properties)
        guard publication.quality != .atMostOnce || code != MOSQ_ERR_SUCCESS.rawValue else {
            refreshInterest()
            confirmed?(.success(()))
            return
        }
        register(confirmed, for: messageID, code: code)
    }

    /// The broker sends what it retains before it answers a second subscription that follows at once: with QoS 0 in any
    /// number, with QoS 1 as long as it is fewer than the broker's bound of messages in flight.
    ///
    /// - Parameters:
    ///   - retainAsPublished: new messages keep the retain flag that their author gave them.
    ///   - noLocal: without what this session publishes itself.
    ///   - confirmed: called once, at SUBACK.
    public func subscribe(
        _ filter: String, quality: QualityOfService = .atLeastOnce, retainAsPublished: Bool = false,
        noLocal: Bool = false, confirmed: Confirmation? = nil
    ) {
        guard isOpen, let handle else {
            confirmed?(.failure(.notConnected))
            return
        }
        var messageID: Int32 = 0
        var options: Int32 = 0
        if retainAsPublished { options |= Int32(MQTT_SUB_OPT_RETAIN_AS_PUBLISHED.rawValue) }
        if noLocal { options |= Int32(MQTT_SUB_OPT_NO_LOCAL.rawValue) }
        let code = mosquitto_subscribe_v5(handle, &messageID, filter, quality.rawValue, options, nil)
        register(confirmed, for: messageID, code: code)
    }

    public func unsubscribe(_ filter: String) {
        guard isOpen, let handle else { return }
        mosquitto_unsubscribe_v5(handle, nil, filter, nil)
        refreshInterest()
    }

    /// The library's codes for a request that no connection could carry. All others tell of this one.
    private static let sayThatItIsInvalid: Set<Int32> = Set(
        [
            MOSQ_ERR_INVAL, MOSQ_ERR_NOT_SUPPORTED, MOSQ_ERR_PAYLOAD_SIZE, MOSQ_ERR_MALFORMED_UTF8,
            MOSQ_ERR_MALFORMED_PACKET, MOSQ_ERR_OVERSIZE_PACKET, MOSQ_ERR_QOS_NOT_SUPPORTED,
            MOSQ_ERR_RETAIN_NOT_SUPPORTED,
        ].map(\.rawValue))

    private func register(_ confirmed: Confirmation?, for messageID: Int32, code: Int32) {
        if code == MOSQ_ERR_SUCCESS.rawValue {
            if let confirmed { confirmations[messageID] = confirmed }
        } else if Self.sayThatItIsInvalid.contains(code) {
            confirmed?(.failure(.invalid(errorText(code))))
        } else {
            // The library writes at once where it can, and so may be the first to meet a broken connection.
            confirmed?(.failure(.notConnected))
        }
        refreshInterest()
    }

    // MARK: - Transitions

    private func handle(_ event: SessionStateMachine.Event) {
        switch machine.handle(event) {
        case nil: break
        case .connect: connect()
        case .reportOpen:
            deadline.cancel()
            scheduleHousekeeping()
            onEvent(.opened)
        case .sendDisconnect:
            // A broker that hangs never closes its side.
            deadline.schedule(after: .seconds(1)) { [weak self] in self?.handle(.failed(.requested)) }
            // Not at once: inside one of its callbacks the library would queue it only.
            Task { self.sendDisconnect() }
        case .finish(let reason): finish(reason)
        }
    }

    private func connect() {
        keptAlive = self
        deadline.schedule(after: configuration.connectDeadline) { [weak self] in self?.handle(.connectDeadlinePassed) }
        switch configuration.endpoint {
        case .unix(let path): connect(host: path, port: 0)
        case .tcp(let host, let port) where Endpoint.isNumeric(host): connect(host: host, port: port)
        case .tcp(let host, let port):
            Task {
                guard let address = await Endpoint.numericAddress(of: host) else {
                    handle(.failed(.unknownHost))
                    return
                }
                if machine.state == .connecting { connect(host: address, port: port) }
            }
        }
    }

    private func connect(host: String, port: UInt16) {
        Library.initialize
        guard let handle = mosquitto_new(configuration.clientID, true, Unmanaged.passUnretained(self).toOpaque()) else {
            self.handle(.failed(.lost("out of memory")))
            return
        }
        self.handle = handle
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5)
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        // The library's window of 20 would let a PUBACK overtake messages that the broker took before.
        mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, 65_535)
        mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, 65_535)
        installCallbacks(handle)
        if port != 0, let credentials = configuration.credentials {
            do throws(TLSFault) {
                mosquitto_int_option(handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0)
                mosquitto_void_option(
                    handle, MOSQ_OPT_SSL_CTX, UnsafeMutableRawPointer(try TLSContext.context(credentials)))
            } catch {
                self.handle(.failed(.untrusted(error)))
                return
            }
        }
        if let will = configuration.will {
            let code = mosquitto_will_set_v5(
                handle, will.topic, Int32(will.payload.count), will.payload, will.quality.rawValue, will.retain, nil)
            guard code == MOSQ_ERR_SUCCESS.rawValue else {
                self.handle(.failed(.lost("its will: \(errorText(code))")))
                return
            }
        }
        TLSContext.forgetFaults()
        errno = 0
        let code = mosquitto_connect_async(handle, host, Int32(port), configuration.keepAlive)
        let errorNumber = errno
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            self.handle(.failed(reason(code, errorNumber: errorNumber)))
            return
        }
        // TLS begins at once, so that its first write may be what the refusal comes back to; the socket does not say it twice.
        if isEncrypted, errorNumber == ECONNREFUSED { return self.handle(.failed(.connectionRefused)) }
        socket = mosquitto_socket(handle)
        // Unacknowledged data is given up after this: the peer's machine is gone, whatever its last state.
        var milliseconds: UInt32 = 3000
        setsockopt(
            socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds,
            socklen_t(MemoryLayout.size(ofValue: milliseconds)))
        awaitsWritable = true
        EventLoop.shared.watch(socket) { [weak self] readiness in
            SessionLoop.assumeIsolated { self?.socketIsReady(readiness) }
        }
    }

    private func socketIsReady(_ readiness: EventLoop.Readiness) {
        guard let handle else { return }
        TLSContext.forgetFaults()
        if machine.state == .connecting, readiness.contains(.writable) || !readiness.isDisjoint(with: .failed) {
            let pending = socketError
            guard pending == 0 else {
                self.handle(.failed(reason(MOSQ_ERR_ERRNO.rawValue, errorNumber: pending)))
                return
            }
        }
        // While it waits for TLS, the library takes the end of a connection for one more reason to wait.
        if isOpen || isEncrypted, !readiness.isDisjoint(with: [.hungUp, .failed]), !hasUnread {
            // The library would close the socket before it says so, which takes longer than all the rest; see `finish`.
            return self.handle(.failed(hangUpReason))
        }
        // The library takes one packet a call; the bound keeps a busy session from holding up the others.
        for _ in 0..<100 {
            check(mosquitto_loop_read(handle, 1))
            // What was published in answer to one packet does not wait for the next ones.
            if self.handle != nil, mosquitto_want_write(handle) { check(mosquitto_loop_write(handle, 1)) }
            guard self.handle != nil, socket >= 0, hasUnread else { break }
        }
        if self.handle != nil, mosquitto_want_write(handle) { check(mosquitto_loop_write(handle, 1)) }
        refreshInterest()
    }

    private var isEncrypted: Bool { configuration.credentials != nil }

    private var hasUnread: Bool {
        var unread: Int32 = 0
        if ioctl(socket, UInt(FIONREAD), &unread) == 0, unread > 0 { return true }
        return isEncrypted && handle.map { TLSContext.hasUnread($0) } ?? false
    }

    private var hangUpReason: CloseReason {
        let pending = socketError
        return pending == 0
            ? reason(MOSQ_ERR_CONN_LOST.rawValue, errorNumber: 0)
            : reason(MOSQ_ERR_ERRNO.rawValue, errorNumber: pending)
    }

    /// Before CONNACK, what TLS says of it tells more than a code of the library.
    private func reason(_ code: Int32, errorNumber: Int32) -> CloseReason {
        if machine.state == .connecting {
            if let fault = TLSContext.fault { return .untrusted(fault) }
            let known = closeReason(code, errorNumber: errorNumber)
            guard case .tcp = configuration.endpoint, case .lost = known else { return known }
            return .endedUnanswered(hadKey: isEncrypted)
        }
        return closeReason(code, errorNumber: errorNumber)
    }

    private var socketError: Int32 {
        var pending: Int32 = 0
        var size = socklen_t(MemoryLayout.size(ofValue: pending))
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &pending, &size)
        return pending
    }

    /// A call of the library that may have found the connection broken.
    private func check(_ code: Int32) {
        guard code != MOSQ_ERR_SUCCESS.rawValue else { return }
        handle(.failed(lastFailure ?? reason(code, errorNumber: errno)))
    }

    private func refreshInterest() {
        guard socket >= 0, let handle, mosquitto_socket(handle) == socket else { return }
        let wanted = mosquitto_want_write(handle)
        guard wanted != awaitsWritable else { return }
        awaitsWritable = wanted
        EventLoop.shared.update(socket, awaitsWritable: wanted)
    }

    private func scheduleHousekeeping() {
        housekeeping.schedule(after: .seconds(1)) { [weak self] in
            guard let self, let handle = self.handle else { return }
            self.check(mosquitto_loop_misc(handle))
            self.refreshInterest()
            if self.handle != nil { self.scheduleHousekeeping() }
        }
    }

    private func sendDisconnect() {
        guard let handle, socket >= 0, machine.state == .closing else { return }
        housekeeping.cancel()
        EventLoop.shared.unwatch(socket)
        lingering = dup(socket)
        socket = -1
        mosquitto_disconnect_v5(handle, 0, nil)
        shutdown(lingering, Int32(SHUT_WR))
        EventLoop.shared.watch(lingering) { [weak self] _ in SessionLoop.assumeIsolated { self?.drain() } }
        EventLoop.shared.update(lingering, awaitsWritable: false)
    }

    private func drain() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(lingering, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            if count > 0 { continue }
            if count < 0, errno == EAGAIN { return }
            handle(.failed(.requested))
            return
        }
    }

    private func finish(_ reason: CloseReason) {
        deadline.cancel()
        housekeeping.cancel()
        if lingering >= 0 {
            EventLoop.shared.unwatch(lingering)
            Glibc.close(lingering)
            lingering = -1
        }
        if socket >= 0 { EventLoop.shared.unwatch(socket) }
        socket = -1
        if let handle {
            self.handle = nil
            // Not at once: the library may be below us on the stack, inside one of its callbacks. And when a hub is lost, on
            // many machines at the same moment, the vote for the next one goes first.
            _ = EventLoop.shared.schedule(at: .now + Self.releaseDelay) { mosquitto_destroy(handle) }
        }
        let open = confirmations
        confirmations = [:]
        for confirmed in open.values { confirmed(.failure(.sessionClosed(reason))) }
        onEvent(.closed(reason))
        keptAlive = nil
    }

    // MARK: - From the callbacks

    func connected(code: Int32) { handle(.acknowledged(code: code)) }

    func received(_ message: Message) {
        guard isOpen else { return }
        onEvent(.message(message))
    }

    func confirmed(_ messageID: Int32, code: Int32) {
        let result: Result<Void, RequestError> = code >= 0x80 ? .failure(.refused(code: code)) : .success(())
        confirmations.removeValue(forKey: messageID)?(result)
    }

    func disconnected(code: Int32) {
        guard machine.state != .closing else { return }
        lastFailure = reason(code, errorNumber: errno)
        handle(.failed(lastFailure ?? .requested))
    }
}

extension Session {
    public func publish(_ publication: Publication) async throws(RequestError) {
        try await result { publish(publication, confirmed: $0) }
    }

    public func subscribe(
        _ filter: String, quality: QualityOfService = .atLeastOnce
    ) async throws(RequestError) {
        try await result { subscribe(filter, quality: quality, confirmed: $0) }
    }

    /// Every request is answered: by the broker, or when the session ends.
    private func result(_ request: (@escaping Confirmation) -> Void) async throws(RequestError) {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Void, RequestError>, Never>) in
            request { continuation.resume(returning: $0) }
        }
        try result.get()
    }
}
