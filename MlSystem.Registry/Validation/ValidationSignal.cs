using System.Threading.Channels;

namespace MlSystem.Registry.Validation;

/// <summary>Tells the validator of this process that a version waits.</summary>
internal sealed class ValidationSignal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => _channel.Writer.TryWrite(true);

    public async Task WaitAsync(CancellationToken cancellationToken) => await _channel.Reader.ReadAsync(cancellationToken);
}
