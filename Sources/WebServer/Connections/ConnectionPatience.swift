import NIOCore
import NIOHTTPTypes

/// Closes a connection whose client does not send what it began, or does not read what it asked for. Uploads of files
/// will need a bound of their own.
final class ConnectionPatience: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var sending: Scheduled<Void>?
    private var reading: Scheduled<Void>?

    /// The first request counts from here, with the handshake of TLS; later ones have the time of an idle connection.
    func handlerAdded(context: ChannelHandlerContext) {
        sending = close(context, after: Bounds.requestPatience)
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            sending?.cancel()
            sending = close(context, after: Bounds.requestPatience)
        case .body: break
        case .end: sending?.cancel()
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        reading?.cancel()
        reading = context.channel.isWritable ? nil : close(context, after: Bounds.readingPatience)
        context.fireChannelWritabilityChanged()
    }

    private func close(_ context: ChannelHandlerContext, after patience: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
    }

    private func cancel() {
        sending?.cancel()
        reading?.cancel()
    }
}
