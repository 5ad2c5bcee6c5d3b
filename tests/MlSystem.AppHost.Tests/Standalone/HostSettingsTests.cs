using MlSystem.AppHost.Standalone;

namespace MlSystem.AppHost.Tests.Standalone;

public sealed class HostSettingsTests
{
    [Fact]
    public void Without_options_the_data_is_beside_the_user_and_the_ports_are_the_documented_ones()
    {
        var settings = Read([]);

        Assert.Equal(new HostSettings(Path.GetFullPath(".mlsystem"), PortOffset: 0, Sample: null), settings);
    }

    [Fact]
    public void Options_win_over_the_environment()
    {
        var environment = new Dictionary<string, string> { ["MlSystem__DataDirectory"] = "/env", ["MlSystem__PortOffset"] = "7" };

        Assert.Equal(new HostSettings("/env", 7), Read([], environment));
        Assert.Equal(new HostSettings("/line", 8, "churn"), Read(["--data", "/line", "--port-offset=8", "--sample", "churn"], environment));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    public void Help_is_no_run(string option) => Assert.Null(Read([option]));

    [Theory]
    [InlineData("unknown option '--prot-offset'", "--prot-offset", "1")]
    [InlineData("unknown option 'churn'", "churn")]
    [InlineData("option --data needs a value", "--data")]
    [InlineData("option --data needs a value", "--data", "--sample")]
    [InlineData("unknown sample 'iris'; known: churn", "--sample", "iris")]
    [InlineData("port offset '-1' is not a whole number from 0 to 50000", "--port-offset", "-1")]
    [InlineData("port offset '50001' is not a whole number from 0 to 50000", "--port-offset", "50001")]
    [InlineData("port offset '1.5' is not a whole number from 0 to 50000", "--port-offset=1.5")]
    public void A_mistake_says_what_is_wrong(string expected, params string[] arguments)
    {
        var refused = Assert.Throws<StartRefusedException>(() => Read(arguments));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Equal(StartRefusedException.Usage, refused.ExitCode);
    }

    [Fact]
    public void Every_port_exists_at_the_largest_offset() =>
        Assert.All(ServiceTopology.Ports(HostSettings.MaxPortOffset), port => Assert.InRange(port.Port, 1, 65535));

    private static HostSettings? Read(string[] arguments, Dictionary<string, string>? environment = null) =>
        HostSettings.Read(arguments, name => environment?.GetValueOrDefault(name));
}
