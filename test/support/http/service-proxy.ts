import { TcpProxy } from './tcp-proxy.js';

/** A proxy between a client and a service. */
export class ServiceProxy extends TcpProxy {
  /** @param url of the service */
  static async before(url: string): Promise<ServiceProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new ServiceProxy({ host: hostname, port: Number(port) });
    await proxy.restore();
    return proxy;
  }

  /** The URL to which the client connects. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  protected isWhole(answer: Buffer): boolean {
    const [head = '', body = ''] = answer.toString('latin1').split('\r\n\r\n', 2);
    return body.length === Number(/content-length: (\d+)/i.exec(head)?.[1]);
  }
}
