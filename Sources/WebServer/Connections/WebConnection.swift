import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// One client's connection: HTTP/1.1, over TLS where there are keys.
struct WebConnection: ServerChildChannel {
    private let keys: WebKeys?
    private let http: HTTP1Channel

    init(keys: WebKeys?, responder: @escaping HTTPChannelHandler.Responder) {
        self.keys = keys
        http = HTTP1Channel(
            responder: responder,
            configuration: .init(
                additionalChannelHandlers: [ConnectionPatience()], idleTimeout: Bounds.idle,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Bounds.headerField, maxHeaderListSize: Bounds.headers,
                    maxHeaderFieldCount: Bounds.headerCount)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.syncOptions?.setOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: Bounds.received))
            guard let keys else { return }
            // The key of this moment: a renewed one counts from the next connection on.
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: keys.context))
        }.flatMap { http.setup(channel: channel, logger: logger) }
    }

    /// When this server stops it waits for nobody.
    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskCancellationHandler {
            await http.handle(value: value, logger: logger)
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}
