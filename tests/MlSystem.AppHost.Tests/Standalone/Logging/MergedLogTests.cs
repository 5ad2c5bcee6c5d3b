using Microsoft.Extensions.Time.Testing;
using MlSystem.AppHost.Standalone.Logging;

namespace MlSystem.AppHost.Tests.Standalone.Logging;

public sealed class MergedLogTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    [Fact]
    public void Lines_carry_the_service_and_failures_go_to_standard_error()
    {
        var log = new MergedLog(_output, _errors, colour: false, _time);

        log.Service("registry", "hello");
        log.Host("ready");
        log.Error("broken");

        Assert.Equal(["registry  | hello", "host      | 2026-01-02T03:04:05.000Z ready"], Lines(_output));
        Assert.Equal(["host      | 2026-01-02T03:04:05.000Z broken"], Lines(_errors));
    }

    [Fact]
    public void Colour_only_on_a_terminal()
    {
        new MergedLog(_output, _errors, colour: true, _time).Service("registry", "hello");

        Assert.Contains("\e[", _output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(" hello" + Environment.NewLine, _output.ToString(), StringComparison.Ordinal);
    }

    private static string[] Lines(StringWriter writer) => writer.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
