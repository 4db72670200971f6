//! Memory that is a file: kept by the supervisor without being part of its own memory (it is never mapped).

use std::fs::File;
use std::io;
use std::time::Duration;

use understudy_core::time::Time;

use super::own;

/// An empty anonymous file that lives as long as a descriptor of it.
pub fn memfd() -> io::Result<File> {
    // SAFETY: the name is a valid C string.
    own(unsafe { libc::memfd_create(c"understudy".as_ptr(), libc::MFD_CLOEXEC) }).map(File::from)
}

/// Blocks of 60 kB and more come from the kernel and go back to it: zeroed buffers take no memory before they are used, and
/// a large message of the past leaves none behind. For a process that stays; call it first.
pub fn large_blocks_apart() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no pointers.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 60 << 10);
    }
}

/// Gives unused memory back to the kernel, after something large was dropped; and with it the pages of our program that
/// are mapped: most of them were needed for the large thing only, and those that are needed again are still in the page
/// cache.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no arguments that could be wrong.
    unsafe {
        libc::malloc_trim(0);
    }
    unmap_program();
}

/// A start, a transition, a status: each runs code that is then not needed for days, but stays mapped. So a process lets
/// go of its program's pages now and then; those that it uses all day are back with its next turn.
#[derive(Clone, Copy, Debug)]
pub struct Housekeeping {
    cleaned: Time,
}

impl Housekeeping {
    /// So often: some 30 us each time.
    const EVERY: Duration = Duration::from_secs(30);

    /// The first time is due a while after `now`.
    pub const fn new(now: Time) -> Self {
        Self { cleaned: now }
    }

    /// Called with every turn; nothing is worth a wake-up of its own.
    pub fn turn(&mut self, now: Time) {
        if now.since(self.cleaned) >= Self::EVERY {
            self.cleaned = now;
            unmap_program();
        }
    }
}

#[cfg(target_pointer_width = "64")]
type ProgramHeader = libc::Elf64_Phdr;
#[cfg(target_pointer_width = "32")]
type ProgramHeader = libc::Elf32_Phdr;

/// More than a program has segments that are not written to.
const SEGMENTS: usize = 4;

/// Takes the program's code and constants out of this process's page tables.
fn unmap_program() {
    // SAFETY: no pointers.
    let (at, count, page) = unsafe {
        let page = libc::sysconf(libc::_SC_PAGESIZE);
        (libc::getauxval(libc::AT_PHDR), libc::getauxval(libc::AT_PHNUM), page)
    };
    let (Ok(count), Ok(page)) = (usize::try_from(count), usize::try_from(page)) else { return };
    let at = at as *const ProgramHeader;
    if at.is_null() || !page.is_power_of_two() {
        return;
    }
    // SAFETY: the kernel says that our program's headers are there; they are never written.
    let headers = unsafe { std::slice::from_raw_parts(at, count) };
    let own = headers.iter().find(|h| h.p_type == libc::PT_PHDR);
    let base = own.map_or(0, |own| at.addr().wrapping_sub(offset(own.p_vaddr)));
    // First all of them: the headers themselves lie in one.
    let mut ranges = [(0, 0); SEGMENTS];
    let constant =
        headers.iter().filter(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_W == 0);
    for (range, header) in ranges.iter_mut().zip(constant) {
        let start = base.wrapping_add(offset(header.p_vaddr));
        let end = start.wrapping_add(offset(header.p_memsz));
        let start = start & !(page - 1);
        *range = (start, end - start);
    }
    for (start, length) in ranges.into_iter().filter(|(_, length)| *length > 0) {
        let start = std::ptr::without_provenance_mut(start);
        // SAFETY: a segment that is never written, so that each page can be read from the file again at any time.
        unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
    }
}

fn offset(address: impl TryInto<usize>) -> usize {
    address.try_into().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mapped pages of this program's code, kB.
    fn mapped() -> u64 {
        let name = std::env::current_exe().unwrap();
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let (mut ours, mut sum) = (false, 0);
        for line in text.lines() {
            if line.contains("r-xp") || line.contains("r--p") || line.contains("rw-p") {
                ours = line.contains("r-xp") && line.ends_with(name.to_str().unwrap());
            } else if ours && let Some(rss) = line.strip_prefix("Rss:") {
                sum += rss.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
            }
        }
        sum
    }

    #[test]
    fn what_is_mapped_of_the_program_is_given_back() {
        // Everything, as after a start that needed it all.
        let code = mapped as fn() -> u64 as usize & !4095;
        let all = std::fs::read_to_string("/proc/self/maps").unwrap();
        let range = all.lines().find_map(|line| {
            let (from, to) = line.split_once(' ')?.0.split_once('-')?;
            let from = usize::from_str_radix(from, 16).ok()?;
            let to = usize::from_str_radix(to, 16).ok()?;
            (from..to).contains(&code).then_some((from, to - from))
        });
        let (from, length) = range.unwrap();
        // SAFETY: a mapping of ours; its pages are only read.
        unsafe {
            libc::madvise(std::ptr::without_provenance_mut(from), length, libc::MADV_POPULATE_READ)
        };
        let before = mapped();
        trim();
        let after = mapped();
        assert!(after > 0 && after < before / 2, "{before} kB before, {after} kB after");
    }

    #[test]
    fn the_house_is_kept_now_and_then() {
        let start = Time::from_nanos(1);
        let mut housekeeping = Housekeeping::new(start);
        housekeeping.turn(start + Duration::from_secs(29));
        assert_eq!(housekeeping.cleaned, start);
        housekeeping.turn(start + Duration::from_secs(31));
        assert_eq!(housekeeping.cleaned, start + Duration::from_secs(31));
    }
}
