import CMosquitto
import COpenSSL
import Glibc

// File-scope functions: a closure inside an isolated method would compile, and trap when C calls it.

func installCallbacks(_ handle: OpaquePointer) {
    mosquitto_connect_v5_callback_set(handle, onConnect)
    mosquitto_disconnect_v5_callback_set(handle, onDisconnect)
    mosquitto_message_v5_callback_set(handle, onMessage)
    mosquitto_publish_v5_callback_set(handle, onPublish)
    mosquitto_subscribe_v5_callback_set(handle, onSubscribe)
    mosquitto_log_callback_set(handle, noteLog)
}

private func withSession(_ context: UnsafeMutableRawPointer?, _ body: @SessionLoop (Session) -> Void) {
    guard let context else { return }
    // The session keeps itself alive until it is closed, and is deaf from then on.
    let session = Unmanaged<Session>.fromOpaque(context).takeUnretainedValue()
    SessionLoop.assumeIsolated { body(session) }
}

private func onConnect(
    _: OpaquePointer?, context: UnsafeMutableRawPointer?, code: Int32, _: Int32, _: OpaquePointer?
) {
    withSession(context) { $0.connected(code: code) }
}

private func onDisconnect(
    _: OpaquePointer?, context: UnsafeMutableRawPointer?, code: Int32, _: OpaquePointer?
) {
    withSession(context) { $0.disconnected(code: code) }
}

private func onMessage(
    _: OpaquePointer?, context: UnsafeMutableRawPointer?, message: UnsafePointer<mosquitto_message>?,
    properties: OpaquePointer?
) {
    guard let message = message?.pointee, let topic = message.topic else { return }
    let payload = [UInt8](UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen)))
    var received = Message(
        topic: String(cString: topic), payload: payload,
        quality: QualityOfService(rawValue: message.qos) ?? .atMostOnce, isRetained: message.retain)
    if let properties { Property.read(properties, into: &received) }
    let complete = received
    withSession(context) { $0.received(complete) }
}

private func onPublish(
    _: OpaquePointer?, context: UnsafeMutableRawPointer?, messageID: Int32, code: Int32,
    _: OpaquePointer?
) {
    withSession(context) { $0.confirmed(messageID, code: code) }
}

private func onSubscribe(
    _: OpaquePointer?, context: UnsafeMutableRawPointer?, messageID: Int32, count: Int32,
    granted: UnsafePointer<Int32>?, _: OpaquePointer?
) {
    let code = UnsafeBufferPointer(start: granted, count: Int(count)).max() ?? 0
    withSession(context) { $0.confirmed(messageID, code: code) }
}

/// What the library needs once in a process.
enum Library {
    static let initialize: Void = {
        // Otherwise OpenSSL would take itself apart at the end of the process, under the sessions that are still open.
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
        mosquitto_lib_init()
    }()
}

func errorText(_ code: Int32) -> String { String(cString: mosquitto_strerror(code)) }

/// The sentence for an MQTT 5 reason code.
func reasonText(_ code: Int32) -> String { String(cString: mosquitto_reason_string(code)) }

func closeReason(_ code: Int32, errorNumber: Int32) -> CloseReason {
    switch code {
    case MOSQ_ERR_CONN_REFUSED.rawValue: .connectionRefused
    case MOSQ_ERR_KEEPALIVE.rawValue: .lost("no answer to a ping")
    case MOSQ_ERR_ERRNO.rawValue:
        switch errorNumber {
        case ECONNREFUSED, ENOENT: .connectionRefused
        case ETIMEDOUT: .noAnswer
        default: .lost(String(cString: strerror(errorNumber)))
        }
    default: .lost(errorText(code))
    }
}
