import CMosquitto
import COpenSSL
import Glibc

/// OpenSSL's settings for sessions with keys, one for all sessions of a key, and what OpenSSL says of a failure.
///
/// libmosquitto could read the files itself, but would do so for every attempt to connect, and tells nobody why a
/// certificate was not accepted.
@SessionLoop
enum TLSContext {
    private struct Version: Equatable {
        var changedAt: (seconds: Int, nanoseconds: Int)
        var inode: UInt

        static func == (left: Self, right: Self) -> Bool {
            left.changedAt == right.changedAt && left.inode == right.inode
        }
    }

    private static var contexts: [String: (version: Version, context: OpaquePointer)] = [:]

    /// Of the handshake that failed last on this thread; 0: none. `X509_V_ERR_…`.
    fileprivate(set) static var verification: Int32 = 0
    /// What libmosquitto logged last of OpenSSL's errors, as OpenSSL packs it; 0: nothing.
    static var error: UInt = 0

    static func forgetFaults() { (verification, error) = (0, 0) }

    /// - Throws: `TLSFault.unusable`.
    static func context(_ credentials: TLSCredentials) throws(TLSFault) -> OpaquePointer {
        let path = credentials.path
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unusable("\(path): \(String(cString: strerror(errno)))") }
        let version = Version(
            changedAt: (status.st_mtim.tv_sec, status.st_mtim.tv_nsec), inode: UInt(status.st_ino))
        if let known = contexts[path], known.version == version { return known.context }
        Library.initialize
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .unusable("out of memory") }
        guard ssl_context_set_least_version(context, TLS1_2_VERSION) == 1,
            SSL_CTX_use_certificate_chain_file(context, path) == 1,
            SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1, SSL_CTX_check_private_key(context) == 1,
            SSL_CTX_load_verify_file(context, path) == 1
        else {
            SSL_CTX_free(context)
            ERR_clear_error()
            // A file that is just being replaced, or was by mistake, does not take a machine off the air.
            if let known = contexts[path] { return known.context }
            throw .unusable("\(path) is not a machine's key")
        }
        // No look at the host name: a server has many addresses, and they change. That it is a server of this site is what
        // the authority says of its key, and of a server's key only.
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, noteVerification)
        if let old = contexts.updateValue((version, context), forKey: path) { SSL_CTX_free(old.context) }
        return context
    }

    /// Why a session was not begun; `nil` where TLS had no part in it.
    static var fault: TLSFault? {
        switch verification {
        case X509_V_OK: break
        case X509_V_ERR_CERT_HAS_EXPIRED: return .brokerKeyEnded
        case X509_V_ERR_CERT_NOT_YET_VALID: return .brokerKeyNotYetValid
        case X509_V_ERR_INVALID_PURPOSE: return .notAServer
        default: return .otherSite
        }
        // The lower part is the reason; from 1000 on it is the alert that the other side sent.
        let reason = Int(error & 0x7F_FFFF)
        switch reason {
        case 0: return nil
        case Int(SSL_R_WRONG_VERSION_NUMBER), Int(SSL_R_PACKET_LENGTH_TOO_LONG): return .brokerWithoutKeys
        case 1000 + Int(SSL_AD_CERTIFICATE_EXPIRED): return .ownKeyEnded
        case 1000...: return .ownKeyRefused(alert: reason - 1000)
        default: return .unusable(String(cString: ERR_reason_error_string(error)))
        }
    }

    /// Whom the certificate of the other side names; `nil`: there is none.
    static func peerName(_ handle: OpaquePointer) -> String? {
        guard let session = mosquitto_ssl_get(handle),
            let certificate = SSL_get1_peer_certificate(OpaquePointer(session))
        else { return nil }
        defer { X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 256)
        let subject = X509_get_subject_name(certificate)
        let length = X509_NAME_get_text_by_NID(subject, NID_commonName, &text, Int32(text.count))
        guard length > 0 else { return nil }
        return String(decoding: text.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What the library has read from the socket, and not handed on yet.
    static func hasUnread(_ handle: OpaquePointer) -> Bool {
        guard let session = mosquitto_ssl_get(handle) else { return false }
        return SSL_pending(OpaquePointer(session)) > 0
    }
}

private func noteVerification(isRight: Int32, store: OpaquePointer?) -> Int32 {
    if isRight == 0 {
        let code = X509_STORE_CTX_get_error(store)
        SessionLoop.assumeIsolated { TLSContext.verification = code }
    }
    return isRight
}

/// libmosquitto takes OpenSSL's errors and keeps nothing but a line in its log: "OpenSSL Error[0]: error:0A000415:…"
func noteLog(_: OpaquePointer?, _: UnsafeMutableRawPointer?, level: Int32, text: UnsafePointer<CChar>?) {
    guard level == MOSQ_LOG_ERR, let text = text.map({ String(cString: $0) }),
        let begin = text.firstRange(of: "error:"), let code = UInt(text[begin.upperBound...].prefix(8), radix: 16)
    else { return }
    SessionLoop.assumeIsolated { if TLSContext.error == 0 { TLSContext.error = code } }
}
