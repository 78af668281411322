//! The two UDP sockets of a leg.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use mixer::{Channel, LegSocket, Received};

/// Room the system keeps for packets between two ticks, bytes each way; its default holds seconds of audio.
const KERNEL_BUFFER: usize = 32 * 1024;

/// An RTP socket and the RTCP socket one port above; neither ever blocks.
#[derive(Debug)]
pub(super) struct MediaSocket {
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

impl MediaSocket {
    /// Binds `port` and the one above.
    pub(super) fn bind(address: IpAddr, port: u16) -> io::Result<Self> {
        Ok(Self {
            rtp: socket(SocketAddr::new(address, port))?,
            rtcp: socket(SocketAddr::new(address, port + 1))?,
        })
    }
}

fn socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    let options = socket2::SockRef::from(&socket);
    options.set_recv_buffer_size(KERNEL_BUFFER)?;
    options.set_send_buffer_size(KERNEL_BUFFER)?;
    Ok(socket)
}

impl LegSocket for MediaSocket {
    fn receive(&mut self, channel: Channel, buffer: &mut [u8]) -> Option<Received> {
        // Errors of earlier datagrams (ICMP) are reported here once each; the next read goes on.
        let (len, from) = self.socket(channel).recv_from(buffer).ok()?;
        Some(Received { from, len })
    }

    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        let _ = self.socket(channel).send_to(datagram, to);
    }
}

impl MediaSocket {
    fn socket(&self, channel: Channel) -> &UdpSocket {
        match channel {
            Channel::Rtp => &self.rtp,
            Channel::Rtcp => &self.rtcp,
        }
    }
}
