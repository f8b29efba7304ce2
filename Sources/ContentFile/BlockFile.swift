import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A file that blocks are written into, one after the other. One call at a time; all may wait for the disk.
///
/// Full blocks go past the page cache where the file system can do that (`O_DIRECT` of open(2)).
final class BlockFile: Sendable {
    private struct State {
        var file: FileDescriptor?
        /// What is in it, in bytes.
        var size = 0
        /// Past the page cache; `nil`: not tried yet.
        var isDirect: Bool?
    }

    private let open: @Sendable () throws -> FileDescriptor
    private let check: @Sendable (FileDescriptor) throws -> Void
    private let state = Mutex(State())

    init(
        _ open: @escaping @Sendable () throws -> FileDescriptor,
        check: @escaping @Sendable (FileDescriptor) throws -> Void
    ) {
        (self.open, self.check) = (open, check)
    }

    var size: Int { state.withLock { $0.size } }

    func write(_ block: Block) throws {
        try state.withLock { state in
            let file = try opened(&state)
            if state.size % Self.stretch == 0 { try check(file) }
            if block.isFull, state.isDirect == nil { state.isDirect = set_direct(file.rawValue, 1) == 0 }
            if !block.isFull { leaveDirect(file, &state) }
            try write(block.bytes, to: file, &state)
            state.size += block.bytes.count
            guard state.isDirect == false, state.size % Self.stretch == 0 else { return }
            // It only helps: the sync at the end writes what this did not.
            _ = sync_file_range(file.rawValue, state.size - Self.stretch, Self.stretch, UInt32(startWritingRange))
        }
    }

    func sync() throws {
        try state.withLock { state in
            guard fsync(try opened(&state).rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }

    /// Takes over the whole pages that an earlier run left in the file, unless it has `size` bytes or more; cuts off the rest.
    ///
    /// - Parameter body: gets what stays.
    func resume(below size: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        try state.withLock { state in
            let file = try opened(&state)
            let found = Int(try file.seek(offset: 0, from: .end))
            let kept = found < size ? found / Block.alignment * Block.alignment : 0
            guard ftruncate(file.rawValue, off_t(kept)) == 0 else { throw Errno(rawValue: errno) }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Block.size, alignment: Block.alignment)
            defer { memory.deallocate() }
            while state.size < kept {
                let count = try file.read(fromAbsoluteOffset: Int64(state.size), into: memory)
                guard count > 0 else { throw Errno.ioError }
                body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
                state.size += count
            }
        }
    }

    private func opened(_ state: inout State) throws -> FileDescriptor {
        if let file = state.file { return file }
        let file = try open()
        // An earlier run may have left it so, and small parts cannot be written that way.
        set_direct(file.rawValue, 0)
        state.file = file
        return file
    }

    private func leaveDirect(_ file: FileDescriptor, _ state: inout State) {
        if state.isDirect == true { set_direct(file.rawValue, 0) }
        state.isDirect = false
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: FileDescriptor, _ state: inout State) throws {
        var written = 0
        while written < bytes.count {
            do {
                written += try file.write(
                    toAbsoluteOffset: Int64(state.size + written), UnsafeRawBufferPointer(rebasing: bytes[written...]))
                if written % Block.alignment > 0 { leaveDirect(file, &state) }
            } catch Errno.invalidArgument where state.isDirect == true {
                // This file system cannot do that after all.
                leaveDirect(file, &state)
            }
        }
    }

    /// In bytes. So often it is looked whether there may be more; and without that a gigabyte that goes through the page cache
    /// would wait there until the sync, and the disk would idle before it.
    private static let stretch = 8 << 20
}
