import AssetProtocol
import AsyncHTTPClient
import Foundation
import Keys
import NIOCore
import NIOHTTP1

/// The files of a site's Main server, over HTTP. It keeps up to `width` connections.
public final class AssetServer: Sendable {
    /// Transfers at once.
    public static let width = 8

    /// With a slash at its end.
    let url: String
    private let origin: String
    private let client: HTTPClient

    /// - Parameters:
    ///   - url: as `hub/files` names it.
    ///   - key: this machine's; `nil`: the site has none.
    /// - Throws: `AssetClientError.plainAddress`, `.unusableKey` or `.senseless`.
    public init(url: String, key: MachineKey?) throws(AssetClientError) {
        guard let address = URL(string: url), let host = address.host(), let scheme = address.scheme,
            url.hasSuffix("/")
        else { throw .senseless(what: "the address of the files (\(url))") }
        guard key == nil || scheme == "https" else { throw .plainAddress(url: url) }
        self.url = url
        let name = host.contains(":") ? "[\(host)]" : host
        origin = "\(scheme)://\(name)" + (address.port.map { ":\($0)" } ?? "")
        var configuration = SiteConnection.configuration(width: Self.width)
        if let key { configuration.tlsConfiguration = try SiteConnection.tls(key) }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    public func close() async { try? await client.shutdown() }

    // MARK: - Requests

    /// - Parameter path: percent-encoded.
    func request(_ method: HTTPMethod, file path: String, _ headers: [(String, String)] = []) -> HTTPClientRequest {
        request(method, address: url + path, headers)
    }

    /// - Parameter location: as the server named it: an address or a path.
    func request(
        _ method: HTTPMethod, location: String, _ headers: [(String, String)] = []
    ) throws -> HTTPClientRequest {
        if location.hasPrefix("/"), !location.hasPrefix("//") {
            return request(method, address: origin + location, headers)
        }
        // A key is shown to this site's servers only, but what is sent may be meant for one of them.
        guard location.hasPrefix(origin + "/") else {
            throw AssetClientError.senseless(what: "the address of an upload (\(location))")
        }
        return request(method, address: location, headers)
    }

    private func request(_ method: HTTPMethod, address: String, _ headers: [(String, String)]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        return request
    }

    /// - Throws: `AssetClientError`: `.broken` where there is no answer, and what an answer says that is no success.
    func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, deadline: .distantFuture)
        } catch let error as AssetClientError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw AssetClientError.broken(cause: SiteConnection.sentence(error))
        }
        let status = Int(response.status.code)
        if (200..<300).contains(status) { return response }
        let isOfOffset = status == 409 && response.headers.contains(name: "Upload-Offset")
        throw isOfOffset
            ? AssetClientError.wrongOffset
            : ServerProblem.error(status: status, body: (try? await body(of: response)) ?? [])
    }

    func decode<Document: Decodable>(_: Document.Type, _ response: HTTPClientResponse) async throws -> Document {
        do {
            return try JSONDecoder().decode(Document.self, from: Data(try await body(of: response)))
        } catch is DecodingError {
            throw AssetClientError.senseless(what: "an answer")
        }
    }

    /// The rest of an answer that has none worth reading, so that its connection can be used again.
    func drain(_ response: HTTPClientResponse) async throws { _ = try await body(of: response) }

    private func body(of response: HTTPClientResponse) async throws -> [UInt8] {
        do {
            let buffer = try await response.body.collect(upTo: Self.largestDocument)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw AssetClientError.senseless(what: "an answer")
        } catch {
            throw AssetClientError.broken(cause: SiteConnection.sentence(error))
        }
    }

    /// In bytes. A page of a listing has up to 1,000 files.
    private static let largestDocument = 16 << 20
}

extension StoragePath {
    /// As it stands in an address.
    var encoded: String {
        var text = ""
        for byte in description.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
