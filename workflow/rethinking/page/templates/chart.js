// The chart follows its controls; a run that is chosen, by a click or from the list, says where its files lie.
{
  const { specification, runs, quantities, command } = JSON.parse(document.getElementById("chart-data").textContent);
  const form = document.getElementById("controls");
  const holder = document.getElementById("chart");
  const list = document.getElementById("run");
  const chosen = document.getElementById("chosen");
  const names = ["network", "data", "recipe", "setting", "seed"];
  const still = holder.innerHTML;

  const matching = () =>
    runs.filter((run) => names.every((name) => form.elements[name].value === "" || form.elements[name].value === run[name]));
  const code = (text) => {
    const element = document.createElement("code");
    element.textContent = text;
    return element;
  };
  const tell = (run) => {
    list.value = run.run;
    const target = `results/runs/${run.target}/run.json`;
    chosen.replaceChildren("Its files: ", code(`${run.folder}/metrics.csv`), " and ", code("run.json"), ". To run it: ", code(`${command} -- ${target}`));
  };
  const relist = () => {
    const shown = matching();
    list.replaceChildren(
      ...shown.map((run) => new Option([run.network, run.data, run.recipe, run.setting, run.seed].join(", "), run.run)),
    );
    if (shown.length) tell(shown[0]);
    else chosen.textContent = "No run is all of this: choose “all” somewhere.";
  };
  list.addEventListener("change", () => tell(runs.find((run) => run.run === list.value)));
  form.addEventListener("submit", (event) => event.preventDefault());

  const columns = Math.max(1, Math.floor(holder.clientWidth / 260)); // of the legend
  const options = { actions: false, renderer: "svg", mode: "vega-lite", logLevel: 1, config: { legend: { columns } } };
  holder.textContent = "";
  window.drawChart(holder, specification, options).then(
    ({ view }) => {
      window.chart = view;
      const title = () => {
        const axis = form.elements.axis.selectedOptions[0].textContent;
        document.getElementById("shown").textContent = `${quantities[form.elements.quantity.value]}, against ${axis}`;
      };
      form.addEventListener("change", (event) => {
        view.signal(event.target.name, event.target.value).runAsync();
        title();
        relist();
      });
      view.addEventListener("click", (event, item) => {
        const run = item?.datum?.run ?? item?.datum?.datum?.run;
        if (run !== undefined) tell(runs[Number(run)]);
      });
      title();
      relist();
      holder.dataset.drawn = "yes";
    },
    (error) => {
      holder.innerHTML = still;
      console.error(error);
    },
  );
}
