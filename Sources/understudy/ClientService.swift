import HubClient
import HubServer
import ServiceLifecycle
import WebServer

/// A client and its panel, which ends with it and never ends it.
struct ClientService: Service {
    let machine: ClientMachine
    let web: WebServer?

    func run() async throws {
        async let _: Void = web?.serve() ?? ()
        try await machine.run()
    }
}
