import NIOCore
import NIOHTTPTypes

/// Closes a connection whose client does not send what it began, or does not read what it asked for.
final class ConnectionPatience: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var sending: Scheduled<Void>?
    private var reading: Scheduled<Void>?
    /// Bytes of this upload's present portion; `nil`: it is no upload, or was answered already.
    private var portion: Int?
    private var isReceiving = false
    private var deadline = NIODeadline.now()
    /// Of the present patience, while this server itself does not read: its own slow disk is not the client's fault.
    private var left: TimeAmount?

    /// The first request counts from here, with the handshake of TLS; later ones have the time of an idle connection.
    func handlerAdded(context: ChannelHandlerContext) {
        expectMore(context, within: Bounds.requestPatience)
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isReceiving = true
            // A file may take its time as long as it comes.
            portion = [.put, .patch].contains(head.method) ? 0 : nil
            expectMore(context, within: portion == nil ? Bounds.requestPatience : Bounds.uploadPatience)
        case .body(let bytes):
            guard let before = portion else { break }
            portion = before + bytes.readableBytes
            guard before + bytes.readableBytes >= Bounds.uploadPortion else { break }
            portion = 0
            expectMore(context, within: Bounds.uploadPatience)
        case .end:
            isReceiving = false
            left = nil
            sending?.cancel()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if portion != nil, isReceiving {
            sending?.cancel()
            left = deadline - .now()
        }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if let left { expectMore(context, within: left) }
        context.read()
    }

    /// What comes after the answer is read for the next request's sake only.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data), isReceiving, portion != nil {
            portion = nil
            expectMore(context, within: Bounds.requestPatience)
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        reading?.cancel()
        reading = context.channel.isWritable ? nil : close(context, after: Bounds.readingPatience)
        context.fireChannelWritabilityChanged()
    }

    private func expectMore(_ context: ChannelHandlerContext, within patience: TimeAmount) {
        sending?.cancel()
        sending = close(context, after: patience)
        deadline = .now() + patience
        left = nil
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
