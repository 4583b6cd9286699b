#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
//! Smallest 32-bit x86 programs: they open one socket and exit with its error number, or with 0.

/// `socketcall(SYS_SOCKET, {family, kind, 0})`.
pub(crate) fn socketcall(family: u8, kind: u8) -> Vec<u8> {
    // push 0; push kind; push family; mov ecx, esp; mov eax, 102; mov ebx, 1; int 0x80
    let call = [0x6a, 0, 0x6a, kind, 0x6a, family, 0x89, 0xe1, 0xb8, 102, 0, 0, 0, 0xbb, 1, 0, 0, 0, 0xcd, 0x80];
    program(&call)
}

/// `socket(family, kind, 0)`, directly.
pub(crate) fn socket(family: u8, kind: u8) -> Vec<u8> {
    // mov eax, 359; mov ebx, family; mov ecx, kind; xor edx, edx; int 0x80
    program(&[0xb8, 0x67, 1, 0, 0, 0xbb, family, 0, 0, 0, 0xb9, kind, 0, 0, 0, 0x31, 0xd2, 0xcd, 0x80])
}

fn program(call: &[u8]) -> Vec<u8> {
    // xor ebx, ebx; test eax, eax; jns +4; mov ebx, eax; neg ebx; mov eax, 1 (exit); int 0x80
    let exit = [0x31, 0xdb, 0x85, 0xc0, 0x79, 4, 0x89, 0xc3, 0xf7, 0xdb, 0xb8, 1, 0, 0, 0, 0xcd, 0x80];
    const BASE: u32 = 0x0804_8000;
    const HEADERS: u32 = 52 + 32;
    let size = HEADERS + u32::try_from(call.len() + exit.len()).unwrap();
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0".to_vec();
    // version, entry, program headers, no section headers, flags
    file.extend([1, BASE + HEADERS, 52, 0, 0].iter().flat_map(|word: &u32| word.to_le_bytes()));
    file.extend([52, 32, 1, 0, 0, 0].iter().flat_map(|word: &u16| word.to_le_bytes()));
    // one segment: load all of the file, readable and executable
    file.extend([1, 0, BASE, BASE, size, size, 5, 0x1000].iter().flat_map(|word: &u32| word.to_le_bytes()));
    file.extend(call);
    file.extend(exit);
    file
}
