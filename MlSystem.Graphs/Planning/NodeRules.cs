using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Graphs.Conditions;

namespace MlSystem.Graphs.Planning;

/// <summary>Checks the fields of one node.</summary>
internal sealed class NodeRules
{
    private static readonly string[] Routers = [GraphRouter.Sequence, GraphRouter.Switch, GraphRouter.Splitter, GraphRouter.Ensemble];
    private static readonly string[] Combines =
        [GraphCombine.Merge, GraphCombine.HardVote, GraphCombine.SoftVote, GraphCombine.Mean, GraphCombine.WeightedMean, GraphCombine.Stack];

    private readonly GraphNode _node;
    private readonly IReadOnlyDictionary<string, GraphNode> _nodes;
    private readonly List<string> _problems;
    private string _where;

    private NodeRules(string name, GraphNode node, IReadOnlyDictionary<string, GraphNode> nodes, List<string> problems)
    {
        (_node, _nodes, _problems) = (node, nodes, problems);
        _where = $"node '{name}'";
    }

    public static void Check(string name, GraphNode node, IReadOnlyDictionary<string, GraphNode> nodes, List<string> problems) =>
        new NodeRules(name, node, nodes, problems).Check();

    /// <summary>The name by which a step is known.</summary>
    public static string NameOf(GraphStep step) => step.Name ?? step.Node ?? string.Create(CultureInfo.InvariantCulture, $"{step.Model}-{step.Version}");

    private void Check()
    {
        var node = _where;
        Refuse(!Routers.Contains(_node.RouterType, StringComparer.Ordinal), $"router_type '{_node.RouterType}' is unknown; allowed are {string.Join(", ", Routers)}");
        if (_node.Steps is not { Count: > 0 and <= GraphShape.MaxSteps } || _node.Steps.Any(step => step is null))
        {
            Refuse(true, string.Create(CultureInfo.InvariantCulture, $"it must have 1 to {GraphShape.MaxSteps} steps, none of them null"));
            return;
        }

        CheckEnsemble();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var step in _node.Steps)
        {
            _where = $"{node}, step '{NameOf(step)}'";
            Refuse(!names.Add(NameOf(step)), "there are two steps of this name: give them other names");
            CheckStep(step);
        }

        if (_node.Meta is { } meta)
        {
            _where = $"{node}, meta";
            CheckTarget(meta);
            Refuse(meta.Condition is not null || meta.Weight is not null, "a meta-model has no condition and no weight");
        }

        _where = node;
        Refuse(_node.RouterType == GraphRouter.Sequence && _node.Steps[0].Data == GraphData.Response, $"its first step has no response before it: data must be {GraphData.Request}");
        Refuse(_node.RouterType == GraphRouter.Splitter && _node.Steps.Sum(step => step.Weight ?? 1) <= 0, "no step has a weight above 0");
    }

    private void CheckEnsemble()
    {
        if (_node.RouterType != GraphRouter.Ensemble)
        {
            Refuse(_node.Combine != GraphCombine.Merge || _node.Output is not null || _node.Meta is not null, $"combine, output and meta belong to {GraphRouter.Ensemble} nodes");
            Refuse(_node.OnFailure != GraphFailure.Fail, $"on_failure belongs to {GraphRouter.Ensemble} nodes");
            return;
        }

        var combines = _node.Combine is not (GraphCombine.Merge or GraphCombine.Stack);
        Refuse(!Combines.Contains(_node.Combine, StringComparer.Ordinal), $"combine '{_node.Combine}' is unknown; allowed are {string.Join(", ", Combines)}");
        Refuse(_node.OnFailure is not (GraphFailure.Fail or GraphFailure.Drop), $"on_failure '{_node.OnFailure}' is unknown; allowed are fail and drop");
        Refuse(_node.OnFailure == GraphFailure.Drop && !combines, $"on_failure drop is not possible with combine {_node.Combine}: every output is needed");
        Refuse((_node.Combine == GraphCombine.Stack) != (_node.Meta is not null), "combine stack and meta belong together");
        Refuse(_node.Output is not null && !combines, $"output has no meaning with combine {_node.Combine}");
        Refuse(_node.MinMembers < 1 || _node.MinMembers > _node.Steps.Count, string.Create(CultureInfo.InvariantCulture, $"min_members is {_node.MinMembers}; allowed are 1 to the number of steps, {_node.Steps.Count}"));
        Refuse(combines && _node.Steps.Sum(step => step.Weight ?? 1) <= 0, "no member has a weight above 0");
    }

    private void CheckStep(GraphStep step)
    {
        CheckTarget(step);
        Refuse(step.Condition is not null && _node.RouterType != GraphRouter.Switch, $"a condition belongs to a {GraphRouter.Switch} node");
        Refuse(step.Data == GraphData.Response && _node.RouterType != GraphRouter.Sequence, $"data {GraphData.Response} belongs to a {GraphRouter.Sequence} node");
        var weighs = _node.RouterType == GraphRouter.Splitter || (_node.RouterType == GraphRouter.Ensemble && _node.Combine is GraphCombine.HardVote or GraphCombine.SoftVote or GraphCombine.WeightedMean);
        Refuse(step.Weight is not null && !weighs, $"a weight has no meaning here{(_node.Combine == GraphCombine.Mean ? ": take combine weighted_mean" : "")}");
        Refuse(step.Weight is { } weight && !(double.IsFinite(weight) && weight >= 0), $"the weight {step.Weight} must be finite and not negative");
        if (step.Condition is { } condition)
        {
            try
            {
                Condition.Parse(condition);
            }
            catch (ConditionException error)
            {
                Refuse(true, $"condition {error.Message}");
            }
        }
    }

    private void CheckTarget(GraphStep step)
    {
        var isModel = step is { Model.Length: > 0, Version: >= 1, Node: null };
        var isNode = step is { Model: null, Version: null, Node: not null };
        Refuse(!isModel && !isNode, "it must name either model and version (from 1), or node");
        Refuse(isNode && !_nodes.ContainsKey(step.Node!), $"there is no node '{step.Node}' ({string.Join(", ", _nodes.Keys)})");
        Refuse(step.Data is not (GraphData.Request or GraphData.Response), $"data '{step.Data}' is unknown; allowed are {GraphData.Request} and {GraphData.Response}");
    }

    private void Refuse(bool isWrong, string problem)
    {
        if (isWrong)
        {
            _problems.Add($"{_where}: {problem}");
        }
    }
}
