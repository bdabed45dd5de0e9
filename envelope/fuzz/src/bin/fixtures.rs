//! Writes the messages of `fixtures/` and the seeds that are made from them. Run in this directory.

use std::error::Error;
use std::fs;
use std::io::{self, Write};

use sealkit_envelope::armor::ArmorWriter;
use sealkit_envelope::{AlgorithmSuite, Encryptor, FrameLength, Limits, UnverifiedHeader};
use sealkit_envelope_fuzz::{FRAME_LENGTH, PLAINTEXT, UNSIGNED, cmm, context};

fn main() -> Result<(), Box<dyn Error>> {
    for (name, suite) in [
        ("unsigned", AlgorithmSuite::Aes256GcmHkdfSha512CommitKey),
        ("signed", AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384),
    ] {
        let encryptor = Encryptor::new(cmm())
            .with_suite(suite)
            .with_frame_length(FrameLength::new(FRAME_LENGTH).ok_or("a frame has a length")?);
        let message = pollster::block_on(encryptor.encrypt(PLAINTEXT, &context()))?;
        let header = UnverifiedHeader::parse(&message, &Limits::default())?.len();
        write("fixtures", name, &message)?;
        write("seeds/header", name, &message[..header])?;
        // The body target's first byte chooses the message, its second how the body is cut into reads.
        let choice = u8::from(suite.is_signed());
        write("seeds/body", name, &[&[choice, 7], &message[header..]].concat())?;
    }
    let mut armored = ArmorWriter::new(vec![7]);
    armored.write_all(UNSIGNED)?;
    write("seeds/armor", "unsigned", &armored.finish()?)?;
    Ok(())
}

fn write(directory: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(format!("{directory}/{name}"), bytes)
}
