using MlSystem.KafkaMock;

// Hosts librdkafka's mock broker. Prints `bootstrap <servers>`; takes one command a line on standard input and answers `ok`
// or `error <code>`; ends when standard input does, so that it never outlives its test.
using var cluster = new MockCluster();
Console.WriteLine("bootstrap " + cluster.BootstrapServers);
while (Console.ReadLine() is { } line)
{
    var code = line.Split(' ') switch
    {
        ["topic", var name, var partitions] => cluster.CreateTopic(name, int.Parse(partitions)),
        ["down"] => cluster.SetDown(),
        ["up"] => cluster.SetUp(),
        _ => -1,
    };
    Console.WriteLine(code == 0 ? "ok" : $"error {code}");
}
