//! The two sockets of a leg.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use media::{Channel, Fallbacks, LegSocket, Received, Unsent};

use crate::batch::{Batch, date_arrivals};

/// Room the system keeps for packets between two ticks, bytes each way; its default holds seconds of audio.
const KERNEL_BUFFER: usize = 32 * 1024;
/// More datagrams than that room holds.
const WAITING_MAX: usize = 512;

/// An RTP socket and the RTCP socket one port above; neither ever blocks.
#[derive(Debug)]
pub struct MediaSocket {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// What could not be sent since something was last read.
    unsent: Unsent,
}

impl MediaSocket {
    /// Binds `port` and the one above.
    ///
    /// # Errors
    /// Those of the system: a port in use, an address that is not there.
    pub fn bind(address: IpAddr, port: u16) -> io::Result<Self> {
        Ok(Self {
            rtp: socket(SocketAddr::new(address, port))?,
            rtcp: socket(SocketAddr::new(address, port + 1))?,
            unsent: Unsent::default(),
        })
    }

    /// Throws away what waits to be read: what came before anything was agreed on is nobody's (early media, strangers).
    pub fn forget_waiting(&self) {
        for socket in [&self.rtp, &self.rtcp] {
            let _ = (0..WAITING_MAX)
                .take_while(|_| socket.recv(&mut [0]).is_ok())
                .count();
        }
    }

    /// The socket of a channel.
    const fn socket(&self, channel: Channel) -> &UdpSocket {
        match channel {
            Channel::Rtp => &self.rtp,
            Channel::Rtcp => &self.rtcp,
        }
    }
}

fn socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    let options = socket2::SockRef::from(&socket);
    // Where the system refuses, its own sizes do.
    let _ = options.set_recv_buffer_size(KERNEL_BUFFER);
    let _ = options.set_send_buffer_size(KERNEL_BUFFER);
    date_arrivals(&socket);
    Ok(socket)
}

impl LegSocket for MediaSocket {
    type Buffers = Batch;

    fn receive(
        &mut self,
        channel: Channel,
        buffers: &mut Batch,
        most: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> usize {
        buffers.note_unsent(std::mem::take(&mut self.unsent));
        buffers.receive(self.socket(channel), most, take)
    }

    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        if let Err(error) = self.socket(channel).send_to(datagram, to) {
            self.unsent.datagrams += 1;
            self.unsent.error = error.raw_os_error();
        }
    }

    fn fallbacks(buffers: &Batch) -> Fallbacks {
        buffers.fallbacks()
    }
}
