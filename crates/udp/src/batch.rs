//! Reading many datagrams of one socket by one call.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use media::{Fallbacks, Received, Unsent};

use crate::arrival::{Clocks, duration};

/// Datagrams read by one call.
const MOST: usize = 8;
/// Longest datagram that is taken whole, bytes; what is longer is cut.
const LONGEST: usize = 1_500;
/// Room for one control message with a time of arrival.
const CONTROL: usize = 64;

/// Memory that datagrams are read into: one for all sockets of a thread, made before its first tick.
pub struct Batch {
    slots: Box<[Slot; MOST]>,
    headers: Box<[libc::mmsghdr; MOST]>,
    vectors: Box<[libc::iovec; MOST]>,
    /// Reads many by one call; tests put one in its place that is refused.
    read_many: ReadMany,
    /// The system does not do so.
    plain: bool,
    fallbacks: Fallbacks,
}

/// Reads what waits at a socket into the headers, as many at most as there are. Each must point to memory that is there, of the sizes it
/// names.
type ReadMany = unsafe fn(RawFd, &mut [libc::mmsghdr]) -> io::Result<usize>;

/// One datagram with all that the kernel tells of it.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Slot {
    bytes: [u8; LONGEST],
    control: Control,
    from: libc::sockaddr_storage,
}

/// Control messages want the alignment of their header.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Control([u8; CONTROL]);

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// Allocates; nothing else here does.
    pub fn new() -> Self {
        // SAFETY: all three are plain data of C, for which zeroes are a value.
        let (slot, header, vector) = unsafe { (zeroed::<Slot>(), zeroed(), zeroed()) };
        Self {
            slots: Box::new([slot; MOST]),
            headers: Box::new([header; MOST]),
            vectors: Box::new([vector; MOST]),
            read_many: recvmmsg,
            plain: false,
            fallbacks: Fallbacks::default(),
        }
    }

    /// What the system would not do so far.
    pub const fn fallbacks(&self) -> Fallbacks {
        self.fallbacks
    }

    /// Adds what could not be sent by one of the sockets that are read into this memory.
    pub(crate) fn note_unsent(&mut self, more: Unsent) {
        let unsent = &mut self.fallbacks.unsent;
        unsent.datagrams += more.datagrams;
        unsent.error = more.error.or(unsent.error);
    }

    /// Reads what waits at `socket`, which must not block, at most `most` datagrams; each is handed to `take`. Returns how
    /// many: fewer than `most` when nothing is left.
    pub fn receive(&mut self, socket: &UdpSocket, most: usize, take: &mut dyn FnMut(Received<'_>)) -> usize {
        let mut taken = 0;
        while taken < most {
            let asked = (most - taken).min(MOST);
            let (count, asked) = match self.receive_some(socket, asked, take) {
                Some(count) => (count, asked),
                None => (self.receive_one(socket, take), 1),
            };
            taken += count;
            if count < asked {
                break;
            }
        }
        taken
    }

    fn receive_one(&mut self, socket: &UdpSocket, take: &mut dyn FnMut(Received<'_>)) -> usize {
        // Errors of earlier datagrams (ICMP) are told here once each; the next read goes on.
        let bytes = &mut self.slots[0].bytes;
        let Ok((length, from)) = socket.recv_from(bytes) else {
            return 0;
        };
        self.fallbacks.read_singly += 1;
        take(Received {
            from,
            at: None,
            datagram: &bytes[..length],
        });
        1
    }

    /// None where the system does not read many by one call.
    fn receive_some(
        &mut self,
        socket: &UdpSocket,
        asked: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> Option<usize> {
        if self.plain {
            return None;
        }
        self.point();
        // SAFETY: the headers point into the slots and vectors of this batch, which outlive the call, with their true sizes.
        let outcome = unsafe { (self.read_many)(socket.as_raw_fd(), &mut self.headers[..asked]) };
        let count = match outcome {
            Ok(count) => count,
            Err(error) if is_refusal(&error) => {
                self.plain = true;
                return None;
            }
            // Nothing waits; or an error of an earlier datagram (ICMP), told here once each: the next read goes on.
            Err(_) => return Some(0),
        };
        let clocks = (count > 0).then(Clocks::read);
        for (header, slot) in self.headers.iter().zip(self.slots.iter()).take(count) {
            let Some(from) = address(&slot.from) else { continue };
            let wall = arrival(&header.msg_hdr);
            self.fallbacks.undated += u64::from(wall.is_none());
            let at = wall.and_then(|wall| clocks.as_ref()?.instant(wall));
            let length = (header.msg_len as usize).min(LONGEST);
            take(Received {
                from,
                at,
                datagram: &slot.bytes[..length],
            });
        }
        Some(count)
    }

    /// Points every header at its slot; the kernel changes the lengths at each call.
    fn point(&mut self) {
        let Self {
            slots,
            headers,
            vectors,
            ..
        } = self;
        for ((slot, header), vector) in slots.iter_mut().zip(headers.iter_mut()).zip(vectors.iter_mut()) {
            vector.iov_base = slot.bytes.as_mut_ptr().cast();
            vector.iov_len = LONGEST;
            let header = &mut header.msg_hdr;
            header.msg_name = (&raw mut slot.from).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_control = slot.control.0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL as _;
            header.msg_flags = 0;
        }
    }
}

// SAFETY: the raw pointers in headers and vectors point into this very batch, are set before each use, and are read by no one else.
unsafe impl Send for Batch {}

/// Reads what waits, without waiting.
///
/// # Safety
/// Each header must point to memory that is there, of the sizes it names.
unsafe fn recvmmsg(socket: RawFd, headers: &mut [libc::mmsghdr]) -> io::Result<usize> {
    // SAFETY: as many headers are passed as there are, and the caller vouches for where they point.
    let count = unsafe {
        libc::recvmmsg(
            socket,
            headers.as_mut_ptr(),
            headers.len() as libc::c_uint,
            libc::MSG_DONTWAIT,
            std::ptr::null_mut(),
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Whether the system has no such call, or forbids it: it will say so each time.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [libc::ENOSYS, libc::EPERM, libc::EINVAL, libc::EOPNOTSUPP];
    error
        .raw_os_error()
        .is_some_and(|number| refusals.contains(&number))
}

/// The wall-clock time of arrival among the control messages, if the kernel sent one.
fn arrival(header: &libc::msghdr) -> Option<Duration> {
    // SAFETY: the header was filled by the kernel; the macros walk its control messages within their length, and a time is read only
    // where type and length say that one is there.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while let Some(known) = message.as_ref() {
            let is_time = known.cmsg_level == libc::SOL_SOCKET && known.cmsg_type == libc::SCM_TIMESTAMPNS;
            let length = libc::CMSG_LEN(size_of::<libc::timespec>() as u32) as usize;
            if is_time && known.cmsg_len >= length {
                let time = libc::CMSG_DATA(message).cast::<libc::timespec>();
                return Some(duration(time.read_unaligned()));
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
    None
}

/// An address as the kernel writes it.
fn address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which of the two the storage holds, and it is large enough and aligned for both.
            let v4 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::new(ip.into(), u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let address = std::net::SocketAddrV6::new(
                ip,
                u16::from_be(v6.sin6_port),
                v6.sin6_flowinfo,
                v6.sin6_scope_id,
            );
            Some(SocketAddr::V6(address))
        }
        _ => None,
    }
}

/// Asks the kernel to date what arrives. Where it refuses, no date comes, which [`Batch::fallbacks`] counts.
pub fn date_arrivals(socket: &UdpSocket) {
    let on: libc::c_int = 1;
    // SAFETY: the call reads one int, whose size it is told.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Instant;

    fn bound(ip: &str) -> UdpSocket {
        UdpSocket::bind((ip, 0)).unwrap()
    }

    fn pair(ip: &str) -> (UdpSocket, UdpSocket) {
        let (near, far) = (bound(ip), bound(ip));
        near.set_nonblocking(true).unwrap();
        date_arrivals(&near);
        far.connect(near.local_addr().unwrap()).unwrap();
        (near, far)
    }

    fn read(batch: &mut Batch, near: &UdpSocket, most: usize) -> Vec<(SocketAddr, Option<Instant>, Vec<u8>)> {
        let mut read = Vec::new();
        let mut take =
            |received: Received<'_>| read.push((received.from, received.at, received.datagram.to_vec()));
        let count = batch.receive(near, most, &mut take);
        assert_eq!(count, read.len());
        read
    }

    /// The kernel begins to date what arrives a little after it is first asked to; till then it dates what is read.
    #[expect(clippy::disallowed_methods, reason = "real sockets have real times")]
    fn wait_until_dated(batch: &mut Batch, near: &UdpSocket, far: &UdpSocket) {
        for _ in 0..200 {
            far.send(b"first").unwrap();
            thread::sleep(Duration::from_millis(10));
            let now = Instant::now();
            let dated = |(_, at, _): &(_, Option<Instant>, _)| {
                at.is_some_and(|at| now - at > Duration::from_millis(5))
            };
            if read(batch, near, 1).iter().any(dated) {
                return;
            }
        }
        panic!("the kernel dates nothing");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "real sockets have real times")]
    fn datagrams_come_in_order_with_source_and_time_of_arrival() {
        for ip in ["127.0.0.1", "::1"] {
            let (near, far) = pair(ip);
            let mut batch = Batch::new();
            wait_until_dated(&mut batch, &near, &far);
            let begun = Instant::now();
            for n in 0..20_u8 {
                far.send(&vec![n; 100 + usize::from(n)]).unwrap();
            }
            let sent = Instant::now();
            thread::sleep(Duration::from_millis(30));
            let (first, rest) = (read(&mut batch, &near, 5), read(&mut batch, &near, 100));
            assert_eq!((first.len(), rest.len()), (5, 15));
            for (n, (from, at, bytes)) in first.into_iter().chain(rest).enumerate() {
                assert_eq!((from, bytes), (far.local_addr().unwrap(), vec![n as u8; 100 + n]));
                let at = at.expect("the kernel dates what arrives");
                assert!(at + Duration::from_millis(5) >= begun && at <= sent + Duration::from_millis(5));
            }
            assert!(read(&mut batch, &near, 5).is_empty());
        }
    }

    /// A system that answers with this error.
    unsafe fn fail<const NUMBER: i32>(_: RawFd, _: &mut [libc::mmsghdr]) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(NUMBER))
    }

    #[test]
    fn where_the_call_for_many_is_refused_each_is_read_alone_from_then_on() {
        let refusals: [ReadMany; 4] = [
            fail::<{ libc::ENOSYS }>,
            fail::<{ libc::EPERM }>,
            fail::<{ libc::EINVAL }>,
            fail::<{ libc::EOPNOTSUPP }>,
        ];
        for refused in refusals {
            let (near, far) = pair("127.0.0.1");
            (0..10_u8).for_each(|n| drop(far.send(&[n])));
            let mut batch = Batch::new();
            batch.read_many = refused;
            let first = read(&mut batch, &near, 7);
            let bytes: Vec<_> = first.into_iter().map(|(_, at, bytes)| (at, bytes)).collect();
            assert_eq!(bytes, (0..7_u8).map(|n| (None, vec![n])).collect::<Vec<_>>());
            // It is not asked again.
            batch.read_many = recvmmsg;
            assert_eq!(read(&mut batch, &near, 7).len(), 3);
            let fallbacks = Fallbacks {
                read_singly: 10,
                ..Fallbacks::default()
            };
            assert_eq!(batch.fallbacks(), fallbacks);
        }
    }

    #[test]
    fn an_error_that_passes_is_no_refusal() {
        let errors: [ReadMany; 3] = [
            fail::<{ libc::EAGAIN }>,
            fail::<{ libc::ECONNREFUSED }>,
            fail::<{ libc::ENOMEM }>,
        ];
        for error in errors {
            let (near, far) = pair("127.0.0.1");
            far.send(b"waits").unwrap();
            let mut batch = Batch::new();
            batch.read_many = error;
            assert!(read(&mut batch, &near, 7).is_empty());
            batch.read_many = recvmmsg;
            assert_eq!(read(&mut batch, &near, 7).len(), 1);
            assert_eq!(batch.fallbacks().read_singly, 0);
        }
    }

    #[test]
    fn what_the_kernel_does_not_date_is_read_and_counted() {
        let (near, far) = (bound("127.0.0.1"), bound("127.0.0.1"));
        near.set_nonblocking(true).unwrap();
        far.connect(near.local_addr().unwrap()).unwrap();
        (0..3_u8).for_each(|n| drop(far.send(&[n])));
        let mut batch = Batch::new();
        let dates: Vec<_> = read(&mut batch, &near, 7).iter().map(|read| read.1).collect();
        let fallbacks = Fallbacks {
            undated: 3,
            ..Fallbacks::default()
        };
        assert_eq!((dates, batch.fallbacks()), (vec![None; 3], fallbacks));
    }

    #[test]
    fn what_is_too_long_is_cut_and_nothing_is_something() {
        let (near, far) = pair("127.0.0.1");
        far.send(&[7; 4_000]).unwrap();
        far.send(&[]).unwrap();
        let lengths: Vec<_> = read(&mut Batch::new(), &near, 9)
            .iter()
            .map(|read| read.2.len())
            .collect();
        assert_eq!(lengths, [LONGEST, 0]);
    }
}
