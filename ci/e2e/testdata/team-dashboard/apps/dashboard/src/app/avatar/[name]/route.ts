import sharp from 'sharp';
import { drawAvatar } from '../../../avatar.ts';

interface Context {
  params: Promise<{ name: string }>;
}

/** The same name always has the same picture, so browsers may keep it for a day. */
export async function GET(_request: Request, { params }: Context): Promise<Response> {
  const { name } = await params;
  const picture = await sharp(Buffer.from(drawAvatar(name)))
    .webp()
    .toBuffer();
  return new Response(new Uint8Array(picture), {
    headers: { 'content-type': 'image/webp', 'cache-control': 'public, max-age=86400' },
  });
}
