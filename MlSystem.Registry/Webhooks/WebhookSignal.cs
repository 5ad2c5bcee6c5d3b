using System.Threading.Channels;

namespace MlSystem.Registry.Webhooks;

/// <summary>Tells the dispatcher of this process that a commit left deliveries behind.</summary>
internal sealed class WebhookSignal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => _channel.Writer.TryWrite(true);

    public async Task WaitAsync(CancellationToken cancellationToken) => await _channel.Reader.ReadAsync(cancellationToken);
}
