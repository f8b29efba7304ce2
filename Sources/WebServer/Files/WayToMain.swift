import AssetClient
import AssetHub
import AsyncAlgorithms
import AsyncHTTPClient
import FailoverCore
import HTTPTypes
import HubProtocol
import Hummingbird
import Keys
import MQTTSession
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Passes requests on to the site's Main server as this client's own, with its key, and the answers back. Contents pass as
/// fast as the slower side takes them; none is in memory as a whole.
final class WayToMain: Sendable {
    private let machine: MachineName
    private let credentials: TLSCredentials?
    private let feed: SiteFeed
    private let client: HTTPClient
    /// A file that is renewed while this machine runs, as it was read last.
    private let key = Mutex<(pem: String, tls: TLSConfiguration)?>(nil)

    /// Must be closed.
    init(of machine: MachineName, credentials: TLSCredentials?, feed: SiteFeed, on thread: MultiThreadedEventLoopGroup)
    {
        self.machine = machine
        self.credentials = credentials
        self.feed = feed
        client = HTTPClient(
            eventLoopGroupProvider: .shared(thread),
            configuration: SiteConnection.configuration(width: Bounds.connectionsToMain))
    }

    /// Ends what is under way, too.
    func close() async { try? await client.shutdown() }

    /// What the site says of its files.
    ///
    /// - Throws: `Problem` where nobody says anything.
    var files: HubFiles {
        get async throws {
            guard let hub = await feed.view?.authority else {
                throw Problem(
                    .serviceUnavailable,
                    "This machine reaches no hub of the site. Check its network, and that a server runs.")
            }
            guard let files = hub.files else {
                throw Problem(
                    .serviceUnavailable,
                    "The server says nothing about files. Use the same version of Understudy here and there.")
            }
            return files
        }
    }

    /// - Throws: `Problem` where there is no answer from Main.
    func pass(_ request: Request, _ context: MemberContext, by files: HubFiles) async throws -> Response {
        let onward = try onward(request, at: try base(files))
        let hasBody = [.put, .patch].contains(request.method)
        let isSent = Flag()
        do {
            return hasBody
                ? try await exchange(onward, request, context, isSent)
                : try await Self.response(to: request, from: client.execute(onward, deadline: .distantFuture))
        } catch let problem as Problem {
            throw problem
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as HTTPClientError where error == .bodyLengthMismatch {
            throw Problem(
                .badRequest, "The content came to an end before the length that was announced. Nothing was changed.")
        } catch {
            guard isSent.isSet || (request.method == .delete && !(error is NIOConnectionError)) else {
                throw await unreached(SiteConnection.sentence(error))
            }
            throw Problem(
                .gatewayTimeout,
                "The way to the Main server broke before its answer came: nobody knows whether it took the change. Look at the list of files before you try again."
            )
        }
    }

    // MARK: - There

    private func base(_ files: HubFiles) throws -> String {
        let folder = String(FileRoutes.prefix.dropFirst())
        guard let url = files.url, url.hasSuffix("/\(folder)") else {
            throw Problem(
                .serviceUnavailable,
                files.reason
                    ?? "The Main server has no HTTP, over which files go. Start it with --http.")
        }
        guard credentials == nil || url.hasPrefix("https://") else {
            throw Problem(.badGateway, AssetClientError.plainAddress(url: url).description.capitalizedFirst)
        }
        return String(url.dropLast(folder.count + 1))
    }

    private func onward(_ request: Request, at base: String) throws -> HTTPClientRequest {
        var onward = HTTPClientRequest(url: base + request.uri.path + (request.uri.query.map { "?\($0)" } ?? ""))
        onward.method = HTTPMethod(rawValue: request.method.rawValue)
        for name in Self.passedOn {
            for value in request.headers[values: name] { onward.headers.add(name: name.rawName, value: value) }
        }
        if let credentials {
            onward.tlsConfiguration = try tls(credentials)
        } else {
            onward.headers.add(name: HTTPField.Name.understudyAuthor.rawName, value: machine.description)
        }
        return onward
    }

    /// Who sends it and from which page is between this machine and its browser.
    private static let passedOn: [HTTPField.Name] = [
        .accept, .contentType, .contentRange, .ifMatch, .ifNoneMatch, .ifRange, .range, .reprDigest, .uploadComplete,
        .uploadOffset, .uploadLength,
    ]

    private func tls(_ credentials: TLSCredentials) throws -> TLSConfiguration {
        do {
            let newest = try MachineKey(path: credentials.path)
            return try key.withLock { known in
                if let known, known.pem == newest.pem { return known.tls }
                let tls = try SiteConnection.tls(newest)
                known = (newest.pem, tls)
                return tls
            }
        } catch {
            throw Problem(.internalServerError, "\(error)".capitalizedFirst)
        }
    }

    // MARK: - And back

    /// Sends a content while it comes. Where its sender goes away, so does the connection to Main, which then takes nothing.
    private func exchange(
        _ onward: HTTPClientRequest, _ request: Request, _ context: MemberContext, _ isSent: Flag
    ) async throws -> Response {
        let length = request.headers[.contentLength].flatMap { Int64($0) }
        let (client, parts, isAnswered) = (client, AsyncChannel<ByteBuffer>(), Flag())
        var onward = onward
        onward.body = .stream(parts, length: length.map { .known($0) } ?? .unknown)
        try await context.inviteBody(of: request)
        return try await withThrowingTaskGroup(of: Response.self) { [onward] tasks in
            tasks.addTask {
                defer {
                    isAnswered.set()
                    // Not before the answer is here in full: it would be taken for a content that is too short.
                    parts.finish()
                }
                let response = try await client.execute(onward, deadline: .distantFuture)
                let document = try await response.body.collect(upTo: Bounds.answer)
                return Self.response(response, body: ResponseBody(byteBuffer: document))
            }
            var body = request.body.makeAsyncIterator()
            // Main may refuse it before it is there.
            while !isAnswered.isSet, let part = try await body.next() { await parts.send(part) }
            if !isAnswered.isSet { isSent.set() }
            parts.finish()
            return try await tasks.next()!
        }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)

        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }

    private static func response(to request: Request, from response: HTTPClientResponse) async throws -> Response {
        guard request.method != .head else {
            _ = try await response.body.collect(upTo: Bounds.answer)
            return Self.response(response, body: ResponseBody())
        }
        return Self.response(
            response,
            body: ResponseBody { writer in
                for try await part in response.body { try await writer.write(part) }
                try await writer.finish(nil)
            })
    }

    private static func response(_ response: HTTPClientResponse, body: ResponseBody) -> Response {
        var headers = HTTPFields()
        for name in passedBack {
            if let value = response.headers.first(name: name.rawName) { headers[name] = value }
        }
        // An address at Main means nothing to whoever asked here.
        if let location = response.headers.first(name: "Location"), location.hasPrefix(UploadRoutes.prefix) {
            headers[.location] = location
        }
        return Response(
            status: .init(code: Int(response.status.code), reasonPhrase: response.status.reasonPhrase),
            headers: headers, body: body)
    }

    private static let passedBack: [HTTPField.Name] = [
        .acceptRanges, .allow, .cacheControl, .contentDisposition, .contentLength, .contentRange,
        .contentSecurityPolicy, .contentType, .eTag, .lastModified, .reprDigest, .understudyAuthor, .uploadComplete,
        .uploadLength, .uploadOffset,
    ]

    /// Main may be on its way out: the site then says in a moment why files are locked.
    private func unreached(_ cause: String) async -> Problem {
        let deadline = ContinuousClock.now + Bounds.lockPatience
        while ContinuousClock.now < deadline, !Task.isCancelled {
            if let files = try? await files, let reason = files.reason {
                return Problem(FileGate.Locked(epoch: files.epoch, reason: reason))
            }
            try? await Task.sleep(for: Bounds.eventPause)
        }
        return Problem(
            .badGateway,
            "The way to the Main server broke: \(cause). Try again; if it stays so, check the network between here and there."
        )
    }
}
