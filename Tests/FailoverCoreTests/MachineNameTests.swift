import Testing

@testable import FailoverCore

@Suite("Machine names")
struct MachineNameTests {
    @Test(arguments: ["a", "main-1", "CAM_2", String(repeating: "x", count: 64)])
    func valid(_ text: String) { #expect(MachineName(text)?.description == text) }

    @Test(arguments: ["", "a b", "a/b", "a+b", "#", "é", "a\u{0}", "a\n", String(repeating: "x", count: 65)])
    func invalid(_ text: String) { #expect(MachineName(text) == nil) }
}
