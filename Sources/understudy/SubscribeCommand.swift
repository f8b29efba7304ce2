import ArgumentParser
import Foundation
import HubClient
import HubProtocol
import MQTTSession

struct SubscribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe",
        abstract: "Read the show: what is retained, then every message once, over any switch.",
        discussion: """
            Prints the topic, a tab and the payload, one message a line; with --json one object a line: "topic", "payload" \
            as text or "base64", and "retained", which is true for what was published before.
            """)

    @Argument(help: "Topics, or filters with the wildcards + and #.")
    var filters: [String]
    @Flag(help: "One JSON object a line.")
    var json = false
    @OptionGroup var show: ShowOptions
    @OptionGroup var common: CommonOptions

    private static let patience = Duration.seconds(10)

    func validate() throws {
        for filter in filters where !TopicRules.isValidFilter(filter) {
            throw ValidationError("\(SubscribeError.invalidFilter(filter))")
        }
    }

    func run() async throws {
        let hub = try await show.connect()
        let messages = try await hub.subscribe(filters)
        let arrival = Task { try await waitForHub(hub) }
        let reading = Task {
            for try await message in messages { FileHandle.standardOutput.write(line(for: message)) }
        }
        do {
            try await arrival.value
            try await reading.value
        } catch {
            reading.cancel()
            await hub.close()
            throw error
        }
    }

    /// A hub that goes later is waited for without end.
    private func waitForHub(_ hub: HubConnection) async throws {
        let deadline = Task {
            try await Task.sleep(for: Self.patience)
            await hub.close()
        }
        defer { deadline.cancel() }
        for await state in await hub.states() where state.hub != nil { return }
        throw PublishError.noHub(after: Self.patience)
    }

    private func line(for message: Message) -> Data {
        guard json else {
            return Data(message.topic.utf8 + [UInt8(ascii: "\t")] + message.payload + [UInt8(ascii: "\n")])
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(ShowLine(message))) ?? Data()) + Data([UInt8(ascii: "\n")])
    }
}

/// One message as `subscribe --json` prints it.
private struct ShowLine: Encodable {
    var topic: String
    var payload: String?
    var base64: String?
    var retained: Bool

    init(_ message: Message) {
        topic = message.topic
        retained = message.isRetained
        if let text = String(validating: message.payload, as: UTF8.self) {
            payload = text
        } else {
            base64 = message.payload.base64
        }
    }
}
