import ArgumentParser
import AsyncAlgorithms
import Dispatch
import Foundation
import HubClient
import MQTTSession

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish on the show's hub, over any switch, and say when it is safe.",
        discussion: """
            Ends when the message is confirmed: on both hubs, or with --confirm hub on the active one. With --lines each \
            line of standard input is a message, and is printed when it is confirmed. An empty payload deletes what is \
            retained.

            Without a confirmation within --patience it fails: exit 4 if no hub was reached and nothing was sent, else 1.
            """)

    @Argument(help: "The topic, such as show/cam-1/tally.")
    var topic: String
    @Argument(help: "The payload; not with --lines.")
    var payload: String?
    @Flag(help: "One message a line of standard input.")
    var lines = false
    @Option(help: "replicated: on both hubs. hub: on the active one.")
    var confirm = HubConnection.Confirm.replicated
    @Flag(name: .customLong("no-retain"), help: "An event, and no part of the show's state.")
    var isEvent = false
    @Option(help: ArgumentHelp("How long one message may take.", valueName: "seconds"))
    var patience = 10.0
    @OptionGroup var show: ShowOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if lines == (payload != nil) { throw ValidationError("Give either a payload or --lines.") }
        guard TopicRules.isValidName(topic) else { throw ValidationError("\(PublishError.invalidTopic(topic))") }
        guard patience > 0, patience <= 86_400 else {
            throw ValidationError("--patience is above 0, and at most a day.")
        }
    }

    func run() async throws {
        let hub = try await show.connect()
        do {
            if let payload {
                try await start(payload, on: hub).value
            } else {
                try await publishLines(on: hub)
            }
            await hub.close()
        } catch {
            await hub.close()
            throw error
        }
    }

    /// Begun in the order of the calls, since each starts on the sessions' own thread.
    private func start(_ text: String, on hub: HubConnection) -> Task<Void, any Error> {
        let (topic, isEvent, confirm, patience) = (topic, isEvent, confirm, patience)
        return Task { @SessionLoop in
            try await hub.publish(
                topic, Array(text.utf8), retain: !isEvent, confirm: confirm, within: .seconds(patience))
        }
    }

    /// Many at a time, each printed as soon as it and those before it are confirmed. The first that fails ends it: what is not
    /// printed is not confirmed.
    private func publishLines(on hub: HubConnection) async throws {
        let underWay = AsyncChannel<(line: String, task: Task<Void, any Error>)>()
        // On its own: reading blocks, and where a message fails nothing can end it but the end of this process.
        Task {
            let input = DispatchQueue(label: "standard input")
            while let line = await withCheckedContinuation({ next in
                input.async { next.resume(returning: readLine()) }
            }) { await underWay.send((line, start(line, on: hub))) }
            underWay.finish()
        }
        for await (line, task) in underWay.buffer(policy: .bounded(Self.mostUnderWay)) {
            try await task.value
            FileHandle.standardOutput.write(Data((line + "\n").utf8))
        }
    }

    private static let mostUnderWay = 100
}
