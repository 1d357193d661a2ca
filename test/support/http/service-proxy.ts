import { TcpProxy } from './tcp-proxy.js';

/** Stands between a client and a service. */
export class ServiceProxy extends TcpProxy {
  /** @param url where the service listens */
  static async before(url: string): Promise<ServiceProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new ServiceProxy({ host: hostname, port: Number(port) });
    await proxy.restore();
    return proxy;
  }

  /** Where the client should connect to. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  protected isWhole(answer: Buffer): boolean {
    const [head = '', body = ''] = answer.toString('latin1').split('\r\n\r\n', 2);
    return body.length === Number(/content-length: (\d+)/i.exec(head)?.[1]);
  }
}
