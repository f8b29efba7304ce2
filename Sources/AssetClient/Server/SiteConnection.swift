import AsyncHTTPClient
import Foundation
import Keys
import NIOCore
import NIOPosix
import NIOSSL

/// How a machine's HTTP connections to its site's Main server are made, and what is said of one that failed.
public enum SiteConnection {
    /// - Parameter width: connections to one server at most.
    public static func configuration(width: Int) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: patience, write: patience))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = width
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return configuration
    }

    /// The peer must show the key of a server of this site. Which addresses it has does not matter: they change.
    ///
    /// - Throws: `AssetClientError.unusableKey`.
    public static func tls(_ key: MachineKey) throws(AssetClientError) -> TLSConfiguration {
        do {
            let pem = Array(key.pem.utf8)
            let certificates = try NIOSSLCertificate.fromPEMBytes(pem)
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(Array(certificates.dropFirst()))
            configuration.certificateChain = certificates.prefix(1).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: pem, format: .pem))
            return configuration
        } catch {
            throw .unusableKey(cause: "\(error)")
        }
    }

    /// Why there is no answer, as a part of a sentence.
    public static func sentence(_ error: any Error) -> String {
        if let error = error as? HTTPClientError {
            return switch error {
            case .connectTimeout: "nothing answers there"
            case .readTimeout, .writeTimeout: "it does not answer any more"
            case .remoteConnectionClosed: "it closed the connection"
            default: error.description
            }
        }
        if error is NIOConnectionError { return "nothing answers there" }
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return "\(error)"
    }

    /// How long a connection may stand still. A server writes what came to its disk before it answers.
    private static let patience = TimeAmount.seconds(60)
}
